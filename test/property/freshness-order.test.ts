/**
 * Snapshots of one conversation's life in any two shapes: of two that a step lies between, the earlier is `older` and the later `newer`,
 * however far apart they came, and though one of the clues (times, states) is left out by the platform.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { compareConversations } from "../../src/core/freshness-conversation.ts";
import { checkProperty } from "../support/check-property.ts";
import { Story, type StoryShape } from "../support/conversation-story.ts";

type Clues = "all" | "no times" | "no states";

const TOPICS: Readonly<Record<StoryShape, string>> = {
  generic: "v2.users.user-a.conversations",
  call: "v2.users.user-a.conversations.calls",
};

/** Each entry is a version further on than the one before. */
function tell(agents: readonly ("missed" | "peer")[], shape: StoryShape, clues: Clues): readonly unknown[] {
  const story = new Story("c-1", Date.UTC(2026, 2, 4, 10, 0, 0));
  const bodies: unknown[] = [];
  const step = (happens: () => void): void => {
    story.now += 1_000;
    happens();
    bodies.push(without(clues, story.body(shape)));
  };
  step(() => story.customer());
  agents.forEach((end, n) => {
    const id = `a${n}`;
    step(() => story.offer(id));
    if (end === "peer") step(() => story.answer(id));
    step(() => story.leave(id, end === "peer" ? "peer" : "transfer.noanswer"));
    if (end === "peer") step(() => story.wrapUp(id, "done"));
  });
  step(() => story.leaveAll("client"));
  return bodies;
}

const LEFT_OUT: Readonly<Record<Clues, readonly string[]>> = {
  all: [],
  "no times": ["connectedTime", "disconnectedTime", "endTime", "startAcwTime", "disconnectType"],
  "no states": ["state", "initialState"],
};

function without(clues: Clues, body: unknown): unknown {
  return JSON.parse(
    JSON.stringify(body, (name, value: unknown) =>
      LEFT_OUT[clues].includes(name) ? (name === "state" ? "none" : undefined) : value,
    ),
  );
}

const shape = fc.constantFrom<StoryShape>("generic", "call");
const name = "the one that lacks a step is the older";
test(name, () =>
  checkProperty(
    fc.asyncProperty(
      fc.array(fc.constantFrom("missed" as const, "peer" as const), { minLength: 1, maxLength: 3 }),
      shape,
      shape,
      fc.constantFrom<Clues>("all", "no times", "no states"),
      async (agents, mine, theirs, clues) => {
        const rest = tell(agents, mine, clues);
        const live = tell(agents, theirs, clues);
        rest.forEach((body, version) => {
          live.forEach((other, seen) => {
            const order = compareConversations(body, mine === "call" ? "calls" : "any", other, TOPICS[theirs]);
            const same = mine === theirs ? "equal" : "unordered";
            expect(order).toBe(version < seen ? "older" : version > seen ? "newer" : same);
          });
        });
      },
    ),
    { file: "test/property/freshness-order.test.ts", test: name, numRuns: 150 },
  ),
);

test("a mail that was parked and rings again is not older than the parked one", () => {
  const mail = (state: string): unknown => ({
    id: "c-1",
    participants: [{ id: "a", purpose: "agent", userId: "user-a", emails: [{ id: "e", state }] }],
  });
  expect(compareConversations(mail("alerting"), "any", mail("parked"), TOPICS.generic)).toBe("unordered");
  expect(compareConversations(mail("alerting"), "any", mail("connected"), TOPICS.generic)).toBe("older");
});

test("a second call of a participant is not compared with the first one", () => {
  const calls = (...states: readonly string[]): unknown => ({
    id: "c-1",
    participants: [
      { id: "a", purpose: "agent", userId: "user-a", calls: states.map((state, n) => ({ id: `${n}`, state })) },
    ],
  });
  const flat = (state: string): unknown => ({ id: "c-1", participants: [{ id: "a", purpose: "agent", state }] });
  expect(compareConversations(calls("terminated", "alerting"), "any", calls("terminated"), TOPICS.generic)).toBe(
    "newer",
  );
  expect(compareConversations(calls("terminated"), "any", calls("terminated", "alerting"), TOPICS.generic)).toBe(
    "older",
  );
  expect(compareConversations(calls("terminated", "alerting"), "any", flat("terminated"), TOPICS.call)).toBe(
    "unordered",
  );
});

test("a generic snapshot of two media is held against a shape of one in that medium alone", () => {
  const chatter = { id: "b", purpose: "agent", userId: "user-b", chats: [{ id: "x", state: "connected" }] };
  const caller = { id: "a", purpose: "agent", userId: "user-a", calls: [{ id: "y", state: "connected" }] };
  const flat = { id: "c-1", participants: [{ id: "a", purpose: "agent", state: "connected" }] };
  const generic = { id: "c-1", participants: [caller, chatter] };
  expect(compareConversations(flat, "calls", generic, TOPICS.generic)).toBe("unordered");
  expect(compareConversations(generic, "any", flat, TOPICS.call)).toBe("unordered");
});
