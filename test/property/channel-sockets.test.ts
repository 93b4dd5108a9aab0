/**
 * Sockets that are slow, die unseen, are cut or closed, at any moment of a move: each event of the platform goes on once, or lies in
 * a time that was told. The platform is a model: each socket is a pipe in order, and a `ping` is answered behind what is in it.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Channel } from "../../src/sources/genesys/channels-api.ts";
import { ChannelSockets } from "../../src/sources/genesys/channel-sockets.ts";
import { createFrameDecoder } from "../../src/sources/genesys/decode.ts";
import { createFakeClock } from "../../src/testing/fake-clock.ts";
import { checkProperty } from "../support/check-property.ts";
import { createScriptedNet, type ScriptedSocket } from "../support/scripted-net.ts";

const PING = 'send {"message":"ping"}';
const PONG = '{"topicName":"channel.metadata","eventBody":{"message":"pong"}}';
const TOPIC = "v2.users.user-1.presence";
const frameOf = (event: number): string => `{"topicName":"${TOPIC}","eventBody":{"n":${event}}}`;

interface Wire {
  readonly socket: ScriptedSocket;
  readonly pipe: string[];
  answered: number;
  dead: boolean;
  opened: boolean;
}

type Step =
  | { readonly kind: "say" | "answer" | "open" | "promote" | "drop next" }
  | { readonly kind: "read"; readonly wire: number; readonly count: number }
  | { readonly kind: "pass"; readonly ms: number }
  | { readonly kind: "freeze" | "cut" | "close"; readonly wire: number };

/** Counted from the youngest. */
const wire = fc.integer({ min: 0, max: 2 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Step>({ kind: "say" }) },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant("read" as const), wire, count: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 3, arbitrary: fc.constant<Step>({ kind: "answer" }) },
  { weight: 3, arbitrary: fc.constant<Step>({ kind: "open" }) },
  { weight: 4, arbitrary: fc.constant<Step>({ kind: "promote" }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: "drop next" }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 900 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom("freeze" as const, "cut" as const, "close" as const), wire }),
  },
);

class Model {
  readonly clock = createFakeClock();
  readonly net = createScriptedNet({ closes: false });
  readonly said: { readonly event: number; readonly at: number }[] = [];
  readonly out: number[] = [];
  /** Times that were told as blind; `to` Infinity: until somebody joins. */
  readonly blind: { readonly from: number; to: number }[] = [];
  readonly wires: Wire[] = [];
  readonly sockets: ChannelSockets;
  #joining: Wire | undefined;
  #alive = false;
  #numbers = 0;

  constructor() {
    this.sockets = new ChannelSockets(
      { clock: this.clock, net: this.net, maxFrameBytes: 1_000_000, decode: createFrameDecoder(64) },
      {
        opened: () => undefined,
        alive: () => (this.#alive = true),
        nextEnded: () => (this.#joining = undefined),
        currentEnded: (_, provenAt) => {
          this.blind.push({ from: provenAt ?? 0, to: Infinity });
        },
        frame: (frame) => {
          if (frame.kind === "event")
            this.out.push((JSON.parse(new TextDecoder().decode(frame.body)) as { n: number }).n);
        },
        unproven: (from, to) => void this.blind.push({ from, to }),
        notice: () => undefined,
      },
    );
  }

  async run(one: Step): Promise<void> {
    switch (one.kind) {
      case "say":
        this.#numbers += 1;
        this.said.push({ event: this.#numbers, at: this.clock.now() });
        for (const each of this.wires) if (each.opened && !each.dead) each.pipe.push(frameOf(this.#numbers));
        return;
      case "answer":
        for (const each of this.wires) this.#answer(each);
        return;
      case "open":
        this.#open();
        return;
      case "promote":
        this.#promote();
        return;
      case "drop next":
        this.#joining = undefined;
        this.sockets.dropNext();
        return;
      case "pass":
        await this.clock.advance(one.ms);
        return;
      case "read":
        this.#read(this.wires.at(-1 - one.wire), one.count);
        return;
      case "freeze":
      case "cut":
      case "close":
        this.#trouble(one);
    }
  }

  /** All comes that is still to come, and a link that says nothing is found to be dead. */
  async end(): Promise<void> {
    for (let round = 0; round < 18; round += 1) {
      for (const each of this.wires) {
        this.#answer(each);
        this.#read(each, Infinity);
      }
      await this.clock.advance(round < 8 ? 250 : 5_000);
    }
  }

  isTold(at: number): boolean {
    return this.blind.some(({ from, to }) => at >= from && at <= to);
  }

  #open(): void {
    if (this.#joining !== undefined) return;
    const channel = { id: `channel-${this.wires.length}`, connectUri: "wss://model/x" } as unknown as Channel;
    this.sockets.open(channel);
    const one: Wire = { socket: this.net.last, pipe: [], answered: 0, dead: false, opened: true };
    this.wires.push(one);
    this.#joining = one;
    this.#alive = false;
    one.socket.open();
    this.sockets.askNext();
  }

  #promote(): void {
    const joining = this.#joining;
    if (joining === undefined || !this.#alive) return;
    this.#joining = undefined;
    this.sockets.promote(() => undefined);
    for (const span of this.blind) if (span.to === Infinity) span.to = this.clock.now();
  }

  #answer(each: Wire): void {
    const asked = each.socket.acts.filter((act) => act === PING).length;
    for (; each.answered < asked; each.answered += 1) if (!each.dead) each.pipe.push(PONG);
  }

  #read(each: Wire | undefined, count: number): void {
    if (each === undefined) return;
    for (const frame of each.pipe.splice(0, count)) {
      if (each.socket.ended) continue;
      if (frame === "closed") each.socket.end({ kind: "closed", code: 1001, reason: "" });
      else each.socket.frame(frame);
    }
  }

  #trouble(one: Extract<Step, { readonly kind: "freeze" | "cut" | "close" }>): void {
    const each = this.wires.at(-1 - one.wire);
    if (each === undefined || each.dead) return;
    each.dead = true;
    if (one.kind === "close") each.pipe.push("closed");
    else each.pipe.length = 0;
    if (one.kind === "cut") each.socket.end({ kind: "closed", code: 1006, reason: "" });
  }
}

test("each event goes on once, or lies in a time that was told", async () => {
  const steps = fc.array(step, { minLength: 10, maxLength: 80 });
  const property = fc.asyncProperty(steps, async (course) => {
    const model = new Model();
    await model.run({ kind: "open" });
    await model.run({ kind: "answer" });
    await model.run({ kind: "read", wire: 0, count: 1 });
    await model.run({ kind: "promote" });
    for (const each of course) await model.run(each);
    await model.end();
    const counts = new Map<number, number>();
    for (const event of model.out) counts.set(event, (counts.get(event) ?? 0) + 1);
    for (const { event, at } of model.said) {
      const count = counts.get(event) ?? 0;
      if (count === 0) expect(`event ${event} is ${model.isTold(at) ? "told" : "lost"}`).toBe(`event ${event} is told`);
      else expect(`event ${event}: ${count}`).toBe(`event ${event}: 1`);
    }
    model.sockets.close();
  });
  await checkProperty(property, {
    file: "test/property/channel-sockets.test.ts",
    test: "each event goes on once, or lies in a time that was told",
    numRuns: 1_500,
  });
});
