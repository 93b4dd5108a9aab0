/** Golden timelines: what happens in a conversation, and what is told of it, in both shapes of the snapshots. */
import { describe, expect, test } from "vitest";
import { Lifecycle } from "../../../src/core/lifecycle.ts";
import { Story, type StoryShape } from "../../support/conversation-story.ts";
import { play, START, type Step } from "../../support/lifecycle-timeline.ts";

const arrives: Step = [0, (call) => call.customer()];
const isOffered: Step = [5, (call) => call.offer("ada")];
const isAnswered: Step = [9, (call) => call.answer("ada")];

describe.each<StoryShape>(["generic", "call"])("in snapshots of the %s shape", (shape) => {
  test("a call that is answered, talked and wrapped up", () => {
    const told = play(shape, [
      arrives,
      isOffered,
      isAnswered,
      [120, (call) => call.leaveAll("peer")],
      [140, (call) => call.wrapUp("ada", "sold")],
    ]);
    expect(told).toEqual(["5s ringing ada until 13s", "9s answered ada", "120s ended ada", "140s wrapup ada as sold"]);
  });

  test.each([
    ["transfer.noanswer", "no-answer"],
    ["timeout", "no-answer"],
    ["transfer.notavailable", "not-available"],
    ["transfer.dnd", "do-not-disturb"],
    ["endpoint.dnd", "do-not-disturb"],
    ["client", "declined"],
    ["endpoint", "declined"],
    ["peer", "abandoned"],
    ["transfer", "moved"],
    ["transfer.forward", "moved"],
    ["takeover", "moved"],
    ["system", "withdrawn"],
    ["session.expired", "withdrawn"],
    ["error", "failed"],
    ["transport.failure", "failed"],
    ["other", "unknown"],
    ["of.next.year", "unknown"],
  ])("an offer that ends with %s was missed because %s", (disconnectType, because) => {
    const told = play(shape, [arrives, isOffered, [13, (call) => call.leave("ada", disconnectType)]]);
    expect(told).toEqual(["5s ringing ada until 13s", `13s missed ada because ${because}`]);
  });

  test("an offer that nobody takes goes on to the next, and back to the first: each time a leg of its own", () => {
    const told = play(shape, [
      arrives,
      isOffered,
      [13, (call) => call.leave("ada", "transfer.noanswer")],
      [14, (call) => call.offer("bob")],
      [22, (call) => call.leave("bob", "transfer.noanswer")],
      [23, (call) => call.offer("ada-2")],
      [25, (call) => call.answer("ada-2")],
    ]);
    expect(told).toEqual([
      "5s ringing ada until 13s",
      "13s missed ada because no-answer",
      "14s ringing bob until 22s",
      "22s missed bob because no-answer",
      "23s ringing ada-2 until 31s",
      "25s answered ada-2",
    ]);
  });

  test("holds are told one by one; one that lasts to the end is over by the end", () => {
    const told = play(shape, [
      arrives,
      isOffered,
      isAnswered,
      [30, (call) => call.hold("ada")],
      [31, (call) => (call.note = 1)],
      [45, (call) => call.resume("ada")],
      [60, (call) => call.hold("ada")],
      [80, (call) => call.leaveAll("peer")],
    ]);
    expect(told.slice(2)).toEqual(["30s held ada", "45s resumed ada", "60s held ada", "80s ended ada"]);
  });

  test("a snapshot from before the hold that is sent once more ends no hold", () => {
    const story = new Story("c1", START);
    const lifecycle = new Lifecycle();
    const medium = shape === "generic" ? "any" : shape;
    const take = (correlationId: string, body = story.body(shape)): string[] =>
      lifecycle.take({ medium, body, receivedAt: story.now, correlationId }).map(({ type }) => type);
    story.join("ada", "agent", "connected");
    const before = story.body(shape);
    expect(take("answer")).toEqual(["answered"]);
    story.now += 1_000;
    story.hold("ada");
    expect(take("hold")).toEqual(["held"]);
    expect(take("answer", before)).toEqual([]);
    story.now += 1_000;
    story.resume("ada");
    expect(take("resume")).toEqual(["resumed"]);
  });

  test("a snapshot of before somebody came or went ends no hold, whatever its correlation id", () => {
    const told = play(shape, [
      arrives,
      isOffered,
      isAnswered,
      [20, (call) => (call.note = 1), { lateBySeconds: 15 }],
      [25, (call) => call.join("expert", "external", "connected")],
      [30, (call) => call.hold("ada")],
    ]);
    expect(told.slice(2)).toEqual(["30s held ada"]);
  });

  test("a hold whose end was lost is over when the next begins, also when that one is heard of first", () => {
    const holds = (isFirstLate: boolean): readonly string[] =>
      play(shape, [
        arrives,
        isOffered,
        isAnswered,
        [30, (call) => call.hold("ada"), { lateBySeconds: isFirstLate ? 30 : 0 }],
        [40, (call) => call.resume("ada"), "lost"],
        [50, (call) => call.hold("ada")],
        [70, (call) => call.leaveAll("peer")],
      ]).slice(2);
    expect(holds(false)).toEqual(["30s held ada", "50s resumed ada (late, held)", "50s held ada", "70s ended ada"]);
    expect(holds(true)).toEqual([
      "50s held ada",
      "30s held ada (late, held)",
      "50s resumed ada (late, held)",
      "70s ended ada",
    ]);
  });

  test("a late snapshot that is surely from after the hold ends it, and the leg stays ended", () => {
    const told = play(shape, [
      arrives,
      isOffered,
      isAnswered,
      [30, (call) => call.hold("ada")],
      [35, (call) => call.join("expert", "external", "connected")],
      [40, (call) => call.resume("ada"), { lateBySeconds: 30 }],
      [60, (call) => call.leaveAll("peer")],
    ]);
    expect(told.slice(2)).toEqual(["30s held ada", "60s ended ada", "70s resumed ada (late, ended)"]);
  });

  test("a call that is handed on, and what its next agent does with it", () => {
    const told = play(shape, [
      arrives,
      isOffered,
      isAnswered,
      [60, (call) => call.leave("ada", "transfer")],
      [62, (call) => call.offer("bob")],
      [64, (call) => call.answer("bob")],
      [90, (call) => call.wrapUp("ada", "handed-on")],
      [100, (call) => call.leaveAll("client")],
    ]);
    expect(told.slice(2)).toEqual([
      "60s transferred ada by transfer",
      "60s ended ada",
      "62s ringing bob until 70s",
      "64s answered bob",
      "90s wrapup ada as handed-on",
      "100s ended bob",
    ]);
  });

  test.each([
    ["transfer.consult", "consult"],
    ["transfer.conference", "conference"],
    ["transfer.forward", "forward"],
  ])("a leg that was talked on and ends with %s was handed on by %s", (disconnectType, kind) => {
    const told = play(shape, [arrives, isOffered, isAnswered, [60, (call) => call.leave("ada", disconnectType)]]);
    expect(told.slice(2)).toEqual([`60s transferred ada by ${kind}`, "60s ended ada"]);
  });

  test("a colleague who is consulted", () => {
    const told = play(shape, [
      arrives,
      isOffered,
      isAnswered,
      [40, (call) => call.hold("ada")],
      [41, (call) => call.offer("bob", 10_000, { consultParticipantId: "customer" })],
      [44, (call) => call.answer("bob")],
      [70, (call) => call.leave("ada", "transfer.consult")],
    ]);
    expect(told.slice(2)).toEqual([
      "40s held ada",
      "41s ringing bob until 51s",
      "41s consulted bob about customer",
      "44s answered bob",
      "70s transferred ada by consult",
      "70s ended ada",
    ]);
  });

  test("a call that the agent makes is not offered, and not missed when nobody answers", () => {
    const answered = play(shape, [[0, (call) => call.dial("ada")], isAnswered, [30, (call) => call.leaveAll("peer")]]);
    expect(answered).toEqual(["9s answered ada", "30s ended ada"]);
    const alone = play(shape, [
      [0, (call) => call.dial("ada")],
      [30, (call) => call.leaveAll("client")],
    ]);
    expect(alone).toEqual(["30s ended ada never connected"]);
  });

  test("the time an agent has for offers makes no offer of a call that the agent makes", () => {
    const dial = (call: Story): void =>
      call.join("ada", "agent", "dialing", { direction: "outbound", timeoutMs: 8_000 });
    expect(play(shape, [[0, dial], isAnswered])).toEqual(["9s answered ada"]);
  });

  test("what is seen of the end only is told in the order in which it happened, and marked late", () => {
    const told = play(shape, [
      arrives,
      [5, (call) => call.offer("ada"), "lost"],
      [9, (call) => call.answer("ada"), "lost"],
      [40, (call) => call.leaveAll("peer")],
    ]);
    // The generic shape does not say when the ringing began, only that it was before the answer.
    const ringing =
      shape === "generic" ? "9s ringing ada until 17s (late, ended)" : "5s ringing ada until 13s (late, ended)";
    expect(told).toEqual([ringing, "9s answered ada (late, ended)", "40s ended ada"]);
  });

  test("a late snapshot takes nothing back and repeats nothing", () => {
    const told = play(shape, [
      arrives,
      [5, (call) => call.offer("ada"), { lateBySeconds: 30 }],
      [9, (call) => call.answer("ada"), { lateBySeconds: 40 }],
      [20, (call) => call.leaveAll("peer")],
    ]);
    expect(told.map((line) => line.split(" ")[1])).toEqual(["ringing", "answered", "ended"]);
  });

  test("who starts in the middle is told what is so now, not the morning", () => {
    const told = play(shape, [
      [0, (call) => call.customer(), "lost"],
      [5, (call) => call.offer("ada"), "lost"],
      [13, (call) => call.leave("ada", "transfer.noanswer"), "lost"],
      [20, (call) => call.offer("bob"), "lost"],
      [25, (call) => call.answer("bob"), "lost"],
      [1_000, (call) => call.offer("cy", 20_000), "lost"],
      [1_004, (call) => (call.note = 1)],
      [1_010, (call) => call.leave("bob", "client")],
    ]);
    // Of the generic shape's ringing only the arrival is known.
    const ringing = shape === "generic" ? "1004s ringing cy until 1024s" : "1000s ringing cy until 1020s";
    expect(told).toEqual([ringing, "1010s ended bob"]);
  });

  test("an offer that began long before it was seen still rings, and is marked late", () => {
    const told = play(shape, [
      [0, (call) => call.offer("ada", 900_000), "lost"],
      [700, (call) => (call.note = 1)],
    ]);
    expect(told).toEqual(
      shape === "generic" ? ["700s ringing ada until 1600s"] : ["0s ringing ada until 900s (late, ringing)"],
    );
  });

  test("a wrap-up that is corrected is told again, one that is repeated is not", () => {
    const told = play(shape, [
      isOffered,
      isAnswered,
      [20, (call) => call.leaveAll("peer")],
      [30, (call) => call.wrapUp("ada", "sold")],
      [31, (call) => (call.note = 1)],
      [40, (call) => call.wrapUp("ada", "returned")],
    ]);
    expect(told.slice(3)).toEqual(["30s wrapup ada as sold", "40s wrapup ada as returned"]);
  });

  test("nobody answers what was missed", () => {
    const story = new Story("c1", START);
    const lifecycle = new Lifecycle();
    const medium = shape === "generic" ? "any" : shape;
    story.offer("ada");
    lifecycle.take({ medium, body: story.body(shape), receivedAt: START });
    story.leave("ada", "transfer.noanswer");
    lifecycle.take({ medium, body: story.body(shape), receivedAt: START + 1 });
    const strange = new Story("c1", START);
    strange.offer("ada");
    strange.answer("ada");
    strange.hold("ada");
    expect(lifecycle.take({ medium, body: strange.body(shape), receivedAt: START + 2 })).toEqual([]);
    expect(lifecycle.counters.contradictions).toBe(1);
  });
});
