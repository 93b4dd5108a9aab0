import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Agent } from "../../src/emulator/agents.ts";
import { Agents } from "../../src/emulator/agents.ts";
import type { Channel } from "../../src/emulator/channels.ts";
import { Channels } from "../../src/emulator/channels.ts";
import { createChance } from "../../src/emulator/chance.ts";
import { createDirectory } from "../../src/emulator/directory.ts";
import { EventHeap } from "../../src/emulator/event-heap.ts";
import { FrameWriter } from "../../src/emulator/frame-bytes.ts";
import { Ledger } from "../../src/emulator/ledger.ts";
import { DEFAULT_LIMITS } from "../../src/emulator/options.ts";
import type { Stage } from "../../src/emulator/stage.ts";
import { DEFAULT_SWITCHES } from "../../src/emulator/switches.ts";
import { createFakeClock } from "../../src/testing/fake-clock.ts";

const TOPICS = ["v2.users.a.presence", "v2.users.b.presence", "v2.users.a.station", "v2.users.B.presence"];

const step = fc.oneof(
  fc.record({
    kind: fc.constant("subscribe" as const),
    at: fc.nat(3),
    topics: fc.subarray(TOPICS),
    replace: fc.boolean(),
  }),
  fc.record({ kind: fc.constant("unsubscribe" as const), at: fc.nat(3), topics: fc.subarray(TOPICS) }),
  fc.record({ kind: fc.constant("clear" as const), at: fc.nat(3) }),
  fc.record({ kind: fc.constant("create" as const) }),
  fc.record({ kind: fc.constant("end" as const), at: fc.nat(3) }),
);

describe("channels", () => {
  test("the index from topics to channels is always what the entries say (C5), and never more than the limit live (C1)", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const limits = { ...DEFAULT_LIMITS, channelsPerClient: 3 };
        const ended: string[] = [];
        const channels = new Channels({
          clock: createFakeClock(),
          limits,
          switches: DEFAULT_SWITCHES,
          onEnd: ({ id }) => ended.push(id),
        });
        const token = { value: "t", clientId: "c", expiresAt: Infinity };
        for (const one of steps) {
          const channel: Channel | undefined = "at" in one ? channels.list()[one.at] : undefined;
          if (one.kind === "create") channels.create(token, "ws://x");
          else if (channel === undefined) continue;
          else if (one.kind === "subscribe") {
            const entries = one.topics.map((topic) => ({ id: topic, topics: [topic] }));
            const told = channels.countTopics(channel, entries, one.replace);
            channels.subscribe(channel, entries, one.replace);
            expect(new Set(Array.from(channel.entries.keys())).size).toBe(told);
          } else if (one.kind === "unsubscribe") channels.unsubscribe(channel, one.topics);
          else if (one.kind === "clear") channels.unsubscribe(channel);
          else channels.end(channel, "expired");
          expect(channels.list().length).toBeLessThanOrEqual(3);
          for (const topic of TOPICS) {
            const wanted = channels.list().filter(({ entries }) => entries.has(topic.toLowerCase()));
            expect(new Set(channels.listening(topic))).toEqual(new Set(wanted));
          }
        }
        expect(ended.every((id) => channels.endOf(id) !== undefined && channels.find(id) === undefined)).toBe(true);
      }),
    );
  });
});

describe("the heap of things to do", () => {
  test("gives them by instant, and in the order of planning within one", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20)), (instants) => {
        const heap = new EventHeap();
        const done: [number, number][] = [];
        for (const [order, at] of instants.entries()) heap.push(at, () => done.push([at, order]));
        for (let next = heap.pop(); next !== undefined; next = heap.pop()) next.run();
        const wanted = Array.from(instants.entries(), ([order, at]): [number, number] => [at, order]);
        expect(done).toEqual(wanted.sort((a, b) => a[0] - b[0] || a[1] - b[1]));
      }),
    );
  });
});

describe("the ledger", () => {
  test("pages hold the newest events, each once, whatever the cap and the size of pages", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 7 }),
        fc.nat(30),
        fc.integer({ min: 1, max: 9 }),
        fc.nat(30),
        (cap, before, limit, count) => {
          const ledger = new Ledger(cap);
          const add = (): number => ledger.add("t", "", 0, "", []);
          for (let at = 0; at < before; at += 1) add();
          if (before % 2 === 1) ledger.reset();
          for (let at = 0; at < count; at += 1) add();
          const seen: number[] = [];
          for (let after = 0; ;) {
            const page = ledger.page(after, limit);
            seen.push(...page.events.map(({ n }) => n));
            if (page.events.length === 0) break;
            after = page.next;
          }
          const last = before + count;
          const known = Math.min(cap, before % 2 === 1 ? count : last);
          expect(seen).toEqual(Array.from({ length: known }, (_unused, at) => last - known + at + 1));
        },
      ),
    );
  });
});

describe("the staff", () => {
  const deed = fc.record({
    agent: fc.nat(9),
    kind: fc.constantFrom("take" as const, "free" as const, "IDLE" as const, "INTERACTING" as const, "BREAK" as const),
  });

  test("who is ready longest, and how many have which status, is what a look at each member finds", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.array(deed, { maxLength: 400 }), (seed, deeds) => {
        const directory = createDirectory(createChance(seed, 0), 10, 3);
        const stage = { routing: () => {}, presence: () => {} } as unknown as Stage;
        const agents = new Agents(directory, stage, () => 0);
        const all: readonly Agent[] = Array.from(agents.all());
        for (const { agent: at, kind } of deeds) {
          const agent = all[at] as Agent;
          if (kind === "take" || kind === "free") agent.isBusy = kind === "take";
          else if (kind === "BREAK") agents.setPresence(agent, "BREAK");
          else agents.setRouting(agent, kind);
          for (const { id, memberIds } of directory.queues) {
            const members = memberIds.map((userId) => agents.find(userId) as Agent);
            const ready = members.filter(({ isBusy, routingStatus }) => !isBusy && routingStatus === "IDLE");
            const first = ready.toSorted((a, b) => a.idleOrder - b.idleOrder)[0];
            expect(agents.longestIdle(id)).toBe(first);
            const counts = Map.groupBy(members, ({ routingStatus }) => routingStatus);
            const wanted = Array.from(counts, ([status, list]) => [status, list.length]);
            expect(new Map(agents.countRouting(id))).toEqual(new Map(wanted as [string, number][]));
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe("frames in blocks", () => {
  test("have the bytes of their texts, whatever was written after them", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            text: fc.string({ unit: "grapheme" }),
            times: fc.constantFrom(1, 900, 200_000),
            around: fc.array(fc.string({ unit: "grapheme" }), { minLength: 2, maxLength: 2 }),
          }),
          { maxLength: 30 },
        ),
        (texts) => {
          const writer = new FrameWriter();
          const written = texts.map(({ text, times, around: [head = "", tail = ""] }) => {
            const whole = text.repeat(Math.ceil(times / Math.max(1, text.length)));
            return { bytes: writer.write(head, whole, tail), wanted: Buffer.from(`${head}${whole}${tail}`) };
          });
          expect(written.every(({ bytes, wanted }) => bytes.equals(wanted))).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });
});
