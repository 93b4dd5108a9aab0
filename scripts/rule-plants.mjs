/** Planted faults of the rules (`mutants.mjs`); `find` must occur exactly once in `file`. */
export const RULE_PLANTS = [
  {
    name: "forget to re-rank a lane after settle",
    file: "src/core/lanes.ts",
    find: "this.#lanes.unmark(lane, BUSY);\n    this.#place(lane);",
    replace: "this.#lanes.unmark(lane, BUSY);",
  },
  {
    name: "no fencing: an old token settles the new lease",
    file: "src/core/leases.ts",
    find: "if (lease !== NONE && this.#tokens[lease] === token) return lease;",
    replace: "if (lease !== NONE) return lease;",
  },
  {
    name: "a token is used twice",
    file: "src/core/leases.ts",
    find: "const token = this.#nextToken;",
    replace: "const token = this.#slots.used + 1;",
  },
  {
    name: "a lane is ranked by its head",
    file: "src/core/lane-order.ts",
    find: "this.#byStanding.put(lane, entry, this.#entries.standing(entry));",
    replace:
      "this.#byStanding.put(lane, entry, this.#bySeq.first(lane) === entry ? this.#entries.standing(entry) : 2 ** 48 + this.#entries.seq(entry));",
  },
  {
    name: "coalesce across a transition",
    file: "src/core/coalescing.ts",
    find: "return this.#states.firstKey(group) < this.#transitions.firstKey(lane) ? this.#states.first(group) : NONE;",
    replace: "return this.#states.first(group);",
  },
  {
    name: "the survivor is moved to the older place",
    file: "src/core/lane-order.ts",
    find: "this.#bySeq.put(lane, entry, this.#entries.seq(entry));",
    replace: "this.#bySeq.put(lane, entry, this.#entries.standing(entry) % 2 ** 47);",
  },
  {
    name: "the survivor forgets the standing of those it replaced",
    file: "src/core/sink-queue.ts",
    find: "standing = Math.min(standing, this.#rows.standing(entry));",
    replace: "",
  },
  {
    name: "critical is shed",
    file: "src/core/room.ts",
    find: "for (let rank = neverShed.length - 1; rank >= newcomerRank; rank -= 1) {\n      if (neverShed[rank]!) continue;",
    replace: "for (let rank = 0; rank < neverShed.length; rank += 1) {",
  },
  {
    name: "a refused newcomer has shed after all",
    file: "src/core/room.ts",
    find: "for (const back of shed.toReversed()) this.#host.attach(back);",
    replace: "",
  },
  {
    name: "a refused newcomer has coalesced after all",
    file: "src/core/sink-queue.ts",
    find: "for (const entry of replaced.toReversed()) this.#attach(entry);",
    replace: "",
  },
  {
    name: "what has expired is handed over",
    file: "src/core/sink-queue.ts",
    find: "while (this.#expiries.firstKey(0) <= now) this.#expire(this.#expiries.first(0), now);",
    replace: "",
  },
  {
    name: "retry loses seq: the envelope goes to the end of its lane",
    file: "src/core/lane-order.ts",
    find: "this.#link(lane, NONE, entry, head);",
    replace: "this.#link(lane, lanes.tail(lane), entry, NONE);",
  },
  {
    name: "coalescing ends a backoff",
    file: "src/core/sink-queue.ts",
    find: "return replaced.length;\n  }",
    replace: "if (replaced.length > 0) this.#lanes.endBackoffs(Number.MAX_VALUE);\n    return replaced.length;\n  }",
  },
  {
    name: "a backoff outlives its lane",
    file: "src/core/lanes.ts",
    find: "    if (this.#lanes.has(lane, BACKOFF)) this.#backoffs.remove(lane);\n",
    replace: "",
  },
  {
    name: "redrive loses class and kept standing",
    file: "src/core/sink-queue.ts",
    find: "const { standing, replaced, attempts: failures } = dead;",
    replace:
      "const { replaced, attempts: failures } = dead;\n    const standing = standingOf(this.#counters.length - 1, seq);",
  },
  {
    name: "redrive keeps the expiry",
    file: "src/core/sink-queue.ts",
    find: "this.#enter(dead.envelope, standing, Infinity, history);",
    replace: "this.#enter(dead.envelope, standing, dead.deadAt, history);",
  },
  {
    name: "the last attempt is retried",
    file: "src/core/sink-queue.ts",
    find: "    if (this.entries.history(entry).attempt >= this.#settings.maxAttempts) {\n      this.dead(entry, cause, now);\n      return;",
    replace:
      "    if (this.entries.history(entry).attempt > this.#settings.maxAttempts) {\n      this.dead(entry, cause, now);\n      return;",
  },
  {
    name: "a duplicate is taken",
    file: "src/core/queue-core.ts",
    find: "if (this.#dedup.has(item.id)) {",
    replace: "if (this.#dedup.has(item.id) && this.#admitted < 0) {",
  },
  {
    name: "a refused id is remembered",
    file: "src/core/queue-core.ts",
    find: "if (taken === 0 && refusedBy !== undefined) return",
    replace:
      "if (taken === 0 && refusedBy !== undefined) this.#dedup.remember(item.id, this.#now);\n    if (taken === 0 && refusedBy !== undefined) return",
  },
  {
    name: "the dedup window is one id too long",
    file: "src/core/dedupe.ts",
    find: "if (this.#size >= this.#maxCount) this.#forgetOldest();",
    replace: "if (this.#size > this.#maxCount) this.#forgetOldest();",
  },
  {
    name: "a lease ends a moment late",
    file: "src/core/leases.ts",
    find: "return this.#ends.firstKey(0) <= now ? this.#ends.first(0) : NONE;",
    replace: "return this.#ends.firstKey(0) < now ? this.#ends.first(0) : NONE;",
  },
  {
    name: "time goes backwards",
    file: "src/core/queue-core.ts",
    find: "if (now > this.#now) this.#now = now;",
    replace: "this.#now = now;",
  },
  {
    name: "a share starves critical",
    file: "src/core/shares.ts",
    find: "if (credit >= ONE && left < soonest) {",
    replace: "if (left < soonest) {",
  },
  {
    name: "a share is never given",
    file: "src/core/shares.ts",
    find: "if (credit >= ONE && left < soonest) {",
    replace: "if (credit >= 4 * ONE && left < soonest) {",
  },
  {
    name: "what strict order gave is held against a class",
    file: "src/core/shares.ts",
    find: "Math.max(0, this.#credits[chosen]! - ONE)",
    replace: "this.#credits[chosen]! - ONE",
  },
  {
    name: "stragglers are forgotten when the first is sought",
    file: "src/core/sorted-runs.ts",
    find: "return head === NONE || heap.firstKey < this.#keys[head]! ? heap.member(0) : head;",
    replace: "return head === NONE ? heap.member(0) : head;",
  },
  {
    name: "coalesce in flight",
    file: "src/core/lanes.ts",
    find: "    this.detach(entry);\n    return entry;",
    replace:
      "    this.detach(entry);\n    if (this.#rows.has(entry, STATE)) {\n      this.#lanes.mark(lane, STATEFUL);\n      this.#addToCoalescing(lane, entry);\n    }\n    return entry;",
  },
  {
    name: "a lane is freed twice, and while one of it is left",
    file: "src/core/lanes.ts",
    find: "if (this.#lanes.held(lane) > 0) return;",
    replace: "if (this.#lanes.held(lane) > 1) return;",
  },
  {
    name: "a crooked lane is taken for a straight one",
    file: "src/core/lane-order.ts",
    find: "if (lanes.has(lane, CROOKED) || (tail !== NONE && lanes.lastStanding(lane) > this.#entries.standing(entry))) {",
    replace: "if (lanes.has(lane, CROOKED)) {",
  },
  {
    name: "lanes that are not listed yet are not shed",
    file: "src/core/room.ts",
    find: "    this.#lanes.listForShedding(Infinity);\n",
    replace: "",
  },
  {
    name: "a listed lane keeps its old place in the shed order",
    file: "src/core/lanes.ts",
    find: "      if (this.#shedOrder.isListed(lane)) this.#placeForShedding(lane);\n      return;",
    replace: "      return;",
  },
  {
    name: "a lease that outlives the others is lost",
    file: "src/core/leases.ts",
    find: "if (there !== NONE) this.#old.set(this.#tokens[there]!, there);",
    replace: "",
  },
  {
    name: "the oldest is one in flight",
    file: "src/core/ages.ts",
    find: "while (entry !== NONE && rows.has(entry, IN_FLIGHT)) entry = rows.younger(entry);",
    replace: "",
  },
  {
    name: "a payload held twice is let go at once",
    file: "src/core/queue-core.ts",
    find: "if (left > 0) {",
    replace: "if (left > 1) {",
  },
];
