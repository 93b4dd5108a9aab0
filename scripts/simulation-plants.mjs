/** Planted faults of the whole service (`npm run test:sim -- --plants`); `find` must occur exactly once in `file`. */
export const SIMULATION_PLANTS = [
  {
    name: "close before make: the old socket is dropped when a move begins",
    file: "src/core/channel-state.ts",
    find: 'again({ ...life, target: "new", reason: input.cause }) : stay(life)',
    replace: 'again({ ...life, target: "new", reason: input.cause }, [{ kind: "drop-standing" }]) : stay(life)',
  },
  {
    name: "two sockets of an overlap are not folded",
    file: "src/sources/genesys/channel-sockets.ts",
    find: "if (current !== undefined && current.channel.id !== link.channel.id) this.#overlap ??= createOverlap();",
    replace: "if (current === undefined) this.#overlap ??= createOverlap();",
  },
  {
    name: "what a successor carries late is not recognised",
    file: "src/sources/genesys/channel-sockets.ts",
    find: "    this.#recogniseLate(this.#current);\n",
    replace: "    if (this.#held) this.#recogniseLate(this.#current);\n",
  },
  {
    name: "a state that was asked for goes on though a live event is ahead of it",
    file: "src/core/freshness.ts",
    find: ") isBehind = true;",
    replace: ") isBehind = sentAt < 0;",
  },
  {
    name: "a loss is no gap",
    file: "src/sources/genesys/channel-line.ts",
    find: "        this.#beginGap(command.cause);\n",
    replace: "        if (this.#joins === 0) this.#beginGap(command.cause);\n",
  },
  {
    name: "a gap begins when the loss is found out",
    file: "src/sources/genesys/channel-line.ts",
    find: "const from = this.#blindFrom ?? this.#sockets.currentProvenAt ?? this.#lastGoodAt ?? context.clock.now();",
    replace: "const from = this.#joins > 0 ? context.clock.now() : (this.#lastGoodAt ?? context.clock.now());",
  },
  {
    name: "the time without a process is no gap",
    file: "src/pipeline/gaps.ts",
    find: "for (const [source, absence] of this.#settleLeft(kept)) this.#resume.set(source, absence);",
    replace:
      "for (const [source, absence] of this.#settleLeft(kept)) if (absence.from < 0) this.#resume.set(source, absence);",
  },
  {
    name: "what a list had lost before a process ended is no gap",
    file: "src/pipeline/gaps.ts",
    find: "const from = Math.min(left, whole.get(source) ?? Infinity);",
    replace: "const from = whole.size < 0 ? 0 : left;",
  },
  {
    name: "an answer that may be from before the gap's end is believed",
    file: "src/sources/genesys/reconcile/desk.ts",
    find: "if (sent.at < gap.sureAt && !isPassing)",
    replace: "if (sent.at < 0 && !isPassing)",
  },
  {
    name: "a gap ledger that can't be read is written over",
    file: "src/stores/sqlite/gap-file.ts",
    find: "if (this.#late !== undefined) await this.#readLate(this.#late);",
    replace: "this.#late = undefined;",
  },
  {
    name: "a gap never ends",
    file: "src/sources/genesys/channel-line.ts",
    find: "        this.#gap?.end(clock.now());\n        this.#gap = undefined;\n        return;",
    replace:
      "        if (this.#joins === 0) this.#gap?.end(clock.now());\n        this.#gap = undefined;\n        return;",
  },
  {
    name: "a channel that was made anew is not subscribed",
    file: "src/sources/genesys/subscriptions.ts",
    find: "  async take(channel: Channel): Promise<SubscribeAnswer> {\n",
    replace:
      '  #takes = 0;\n  async take(channel: Channel): Promise<SubscribeAnswer> {\n    this.#takes += 1;\n    if (this.#takes > 1) return { kind: "subscribed", rejected: [] };\n',
  },
  {
    name: "no fencing: an old token settles the new lease",
    file: "src/core/leases.ts",
    find: "if (lease !== NONE && this.#tokens[lease] === token) return lease;",
    replace: "if (lease !== NONE) return lease;",
  },
  {
    name: "settled before the handler has done it",
    file: "src/pipeline/consumer.ts",
    find: "    this.#running.add(delivery);\n    this.#upkeep.begin();\n",
    replace: "    this.#end(delivery, toOutcome(undefined));\n    this.#settler.schedule();\n",
  },
  {
    name: "admit answers before the commit",
    file: "src/stores/sqlite/store.ts",
    find: "    this.schedule();\n    await this.#durable();\n    return answers;",
    replace: "    this.schedule();\n    return answers;",
  },
  {
    name: "retry loses seq: the envelope goes to the end of its lane",
    file: "src/core/lane-order.ts",
    find: "this.#link(lane, NONE, entry, head);",
    replace: "this.#link(lane, lanes.tail(lane), entry, NONE);",
  },
  {
    name: "silence is never found out",
    file: "src/sources/genesys/connection.ts",
    find: "if (silentMs >= SILENCE_MS) {",
    replace: "if (silentMs >= SILENCE_MS) {\n      if (this.#open) return;",
  },
  {
    name: "a source in trouble is called ready",
    file: "src/pipeline/status.ts",
    find: 'if (status.state !== "live")\n',
    replace: 'if (status.state === "refused")\n',
  },
];
