/** Make before break, against a foreign platform: notices, ends of life, full houses, other instances, stops. */
import { describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import type { GenesysRig } from "../support/genesys-rig.ts";
import { genesysRig, PRESENCE } from "../support/genesys-rig.ts";

const CHANNELS = /^\/api\/v2\/notifications\/channels$/u;
const SUBSCRIPTIONS = /\/subscriptions$/u;

/** Sends numbered events until told to stop, one in each turn of the event loop. */
function stream({ platform }: GenesysRig): { stop(): number } {
  let count = 0;
  let running = true;
  const turn = (): void => {
    if (!running) return;
    platform.emit(PRESENCE, { mark: String(count) });
    count += 1;
    setImmediate(turn);
  };
  turn();
  return {
    stop() {
      running = false;
      return count;
    },
  };
}

/** Lets time go by with a heartbeat every ten seconds, as the platform has it every thirty. */
async function fly({ platform, clock, source }: GenesysRig, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 10_000) {
    await clock.advance(Math.min(left, 10_000));
    platform.heartbeat();
    await eventually("heard", () =>
      source.status().connections.every(({ lastFrameAt }) => lastFrameAt === clock.now()),
    );
    await platform.answered();
  }
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, n) => String(n));

describe("a move", () => {
  test("the closing notice: a second channel stands before the first is let go; each event once, in order, no gap", async () => {
    const rig = await genesysRig();
    const { platform, clock, context, source, live, channel, marks } = rig;
    const first = await live();
    const old = await channel();
    const gaps = context.gaps.length;
    const events = stream(rig);
    await eventually("some events", () => marks().length > 20);
    platform.system(old, "v2.system.socket_closing");
    await eventually("two channels that carry the topic", () => platform.standing().length === 2);
    await eventually("joined", () => context.logger.text().includes("without a gap"));
    const during = marks().length;
    await eventually("events while both stand", () => marks().length > during + 20);
    expect(first.closed).toBeUndefined();
    expect(source.status().connections[0]?.overlaps).toMatchObject({ count: 1, since: clock.now() });
    await clock.advance(2_000);
    await eventually("the first is let go", () => first.closed !== undefined);
    const { overlaps } = source.status().connections[0] ?? {};
    expect(overlaps).toMatchObject({ count: 1, ms: 1_500, since: undefined });
    expect(overlaps?.folded).toBeGreaterThan(20);
    await eventually("its list is empty", () => old.topics.length === 0);
    const after = marks().length;
    await eventually("events on the second alone", () => marks().length > after + 20);
    const sent = events.stop();
    await eventually("all", () => marks().length >= sent);
    expect(marks()).toEqual(numbers(sent));
    expect(context.gaps.length).toBe(gaps);
    expect(source.status().state).toBe("live");
  });

  test("the old socket shut at once after the notice: the second channel is there within the same moment", async () => {
    const { platform, live, channel, context, proveFlow } = await genesysRig();
    const first = await live();
    platform.system(await channel(), "v2.system.socket_closing");
    first.close(1001);
    await eventually("a second channel", () => platform.seen("POST", CHANNELS).length === 2);
    await proveFlow("on");
    expect(context.gaps.every(({ to }) => to !== undefined)).toBe(true);
  });

  test("equal events that repeat on one socket stay two, also in the overlap", async () => {
    const { platform, clock, context, live, channel, marks } = await genesysRig();
    const first = await live();
    platform.system(await channel(), "v2.system.socket_closing");
    await eventually("joined", () => context.logger.text().includes("without a gap"));
    platform.emit(PRESENCE, { mark: "same" });
    platform.emit(PRESENCE, { mark: "same" });
    await eventually("both", () => marks().length === 2);
    await clock.advance(2_000);
    await eventually("let go", () => first.closed !== undefined);
    platform.emit(PRESENCE, { mark: "last" });
    await eventually("last", () => marks().includes("last"));
    expect(marks()).toEqual(["same", "same", "last"]);
  });

  test("before the token ends a new one is fetched and a channel of its own made; no gap", async () => {
    const rig = await genesysRig({ prepare: (platform) => void (platform.tokenLifeS = 1_000) });
    const { platform, clock, context, live, proveFlow } = rig;
    await live();
    const gaps = context.gaps.length;
    await fly(rig, 710_000);
    expect(platform.tokens.length).toBe(1);
    await fly(rig, 200_000);
    await eventually("a second token", () => platform.tokens.length === 2);
    await eventually("moved", () => context.logger.text().includes("without a gap"));
    await platform.answered();
    await clock.advance(2_000);
    await proveFlow("on");
    expect(context.gaps.length).toBe(gaps);
    expect(platform.channels.at(-1)?.token).toBe(platform.tokens[1]);
  });

  test("a token of twenty seconds, as an emulator in a hurry gives them, is left before its end too", async () => {
    const rig = await genesysRig({ prepare: (platform) => void (platform.tokenLifeS = 20) });
    const { platform, context, live } = rig;
    await live();
    const gaps = context.gaps.length;
    for (let second = 0; second < 18; second += 1) await fly(rig, 1_000);
    await eventually("moved", () => context.logger.text().includes("without a gap"));
    expect(platform.channels.at(-1)?.token).toBe(platform.tokens[1]);
    expect(context.gaps.length).toBe(gaps);
  });

  test("several lines are renewed one after the other, all before the token ends, with one new token", async () => {
    const topics = ["a", "b", "c", "d"].map((id) => `v2.users.${id}.presence`);
    const rig = await genesysRig({
      topics,
      limits: { topicsPerChannel: 1 },
      prepare: (platform) => void (platform.tokenLifeS = 1_000),
    });
    const { platform, clock, context, live } = rig;
    await eventually("the first", () => platform.standing().length === 1);
    await clock.advance(1_000);
    await live(4);
    const gaps = context.gaps.length;
    const moves = (): number => context.logger.text().split("without a gap").length - 1;
    const seen: number[] = [];
    await fly(rig, 700_000);
    for (let second = 0; second < 200 && moves() < 4; second += 1) {
      await fly(rig, 1_000);
      await eventually("moved", () => rig.source.status().connections.every(({ state }) => state === "live"));
      seen.push(moves());
    }
    expect(moves()).toBe(4);
    // Never two within one second.
    expect(seen.every((count, place) => count - (seen[place - 1] ?? 0) <= 1)).toBe(true);
    expect(platform.tokens.length).toBe(2);
    await platform.answered();
    await clock.advance(2_000);
    const owners = (): number => new Set(platform.standing().map(({ channel }) => channel.token)).size;
    await eventually("all with the new token", () => platform.standing().length === 4 && owners() === 1);
    expect(context.gaps.length).toBe(gaps);
  });
});

describe("a channel that comes to its end", () => {
  /** Ends of channels a thousand seconds after each writing; tokens live on. */
  function shortLived(platform: GenesysRig["platform"], now: () => number): void {
    platform.tokenLifeS = 172_800;
    platform.expires = () => new Date(now() + 1_000_000).toISOString();
  }

  test("is left for another one before that, without a gap, where one is free", async () => {
    let now = (): number => 1_700_000_000_000;
    const rig = await genesysRig({ prepare: (platform) => shortLived(platform, () => now()) });
    now = () => rig.clock.now();
    const { platform, clock, context, live, proveFlow } = rig;
    await live();
    const gaps = context.gaps.length;
    await fly(rig, 1_000_000);
    await eventually("moved", () => context.logger.text().includes("without a gap"));
    await platform.answered();
    await clock.advance(2_000);
    await proveFlow("on");
    expect(platform.seen("POST", CHANNELS).length).toBe(2);
    expect(context.gaps.length).toBe(gaps);
  });
});

describe("what the platform announces", () => {
  test("a revoked token: a new token, a new channel, and the old socket is read as long as it speaks", async () => {
    const { platform, context, live, channel, proveFlow } = await genesysRig();
    await live();
    const old = await channel();
    platform.revoke(old.token);
    platform.system(old, `v2.system.token_revoked.${old.id}`, { reason: "user_tokens_revoked" });
    await eventually("a second token", () => platform.tokens.length === 2);
    await proveFlow("on");
    expect(context.logger.text()).toContain("the token was revoked");
  });

  test("a revoked token while the line is joining its next channel: that one ends too, and the line finds another", async () => {
    const { platform, clock, context, live, channel, retry, proveFlow } = await genesysRig();
    await live();
    const old = await channel();
    platform.system(old, "v2.system.socket_closing");
    await eventually("connecting", () => platform.sockets.length === 2);
    // Before its list is written.
    platform.system(old, `v2.system.token_revoked.${old.id}`);
    await eventually("joined", () => context.logger.text().includes("without a gap"));
    await clock.advance(2_000);
    const joined = await live();
    platform.revoke(joined.channel.token);
    for (const one of platform.channels.slice()) platform.expire(one);
    joined.close(1008);
    await retry();
    await proveFlow("on");
    expect(platform.tokens.length).toBe(2);
    expect(context.gaps.every(({ to }) => to !== undefined)).toBe(true);
  });

  test("another instance took over: not fought for half a minute, and said plainly", async () => {
    const { platform, clock, context, live, channel, proveFlow } = await genesysRig();
    await live();
    const old = await channel();
    platform.system(old, `v2.system.no_longer_subscribed.${old.id}`, { reason: "another_channel_subscribed" });
    await eventually("told", () => context.logger.text().includes("second instance"));
    await clock.advance(29_000);
    expect(platform.seen("POST", CHANNELS).length).toBe(1);
    await clock.advance(31_000);
    await proveFlow("on");
    expect(platform.seen("POST", CHANNELS).length).toBe(2);
  });
});

describe("topics of everybody", () => {
  test("{*} is listed page by page and spread over channels of 1,000", async () => {
    const { platform, source } = await genesysRig({
      topics: ["v2.users.{*}.presence"],
      prepare: ({ users }) => {
        for (let n = 0; n < 1_200; n += 1) users.push({ id: `user-${n}`, name: `User ${n}` });
      },
    });
    await eventually("the first line", () => platform.standing().length === 1);
    await eventually("two lines", () => source.status().connections.length === 2);
    expect(platform.seen("GET", /^\/api\/v2\/users$/u).map(({ query }) => query["pageNumber"])).toEqual([
      "1",
      "2",
      "3",
    ]);
    // The second begins a moment later, so that a start is no burst.
    expect(platform.standing().length).toBe(1);
    expect(source.status().connections.map(({ topicCount }) => topicCount)).toEqual([1_000, 200]);
  });

  test("members of a queue, by its name", async () => {
    const { platform, channel } = await genesysRig({
      topics: [{ topic: "v2.users.{*}.presence", members: { queue: "Sales EMEA" } }],
      prepare: ({ queues, members, users }) => {
        queues.push({ id: "queue-1", name: "sales emea" }, { id: "queue-2", name: "Other" });
        members.set("queue-1", ["user-1", "user-2"]);
        users.push({ id: "user-9", name: "Not in it" });
      },
    });
    expect((await channel()).topics).toEqual(["v2.users.user-1.presence", "v2.users.user-2.presence"]);
    expect(platform.seen("GET", /\/members$/u).length).toBe(1);
  });

  test("a right that is missing is named, and tried again in minutes", async () => {
    const body = '{"code":"missing.permissions","message":"needs routing:queue:view","status":403}';
    const { state, platform, clock } = await genesysRig({
      topics: ["v2.routing.queues.{*}.conversations"],
      prepare: ({ traps }) =>
        void traps.push({ method: "GET", path: /queues$/u, fault: { kind: "answer", status: 403, body }, times: 1 }),
    });
    expect(await state("refused")).toContain("routing:queue:view");
    await clock.advance(180_000);
    expect(platform.seen("GET", /queues$/u).length).toBe(1);
  });
});

describe("flow and stop", () => {
  test("a stop of a line that is well is no gap of it", async () => {
    const { clock, context, source, proveFlow } = await genesysRig();
    await proveFlow("on");
    await clock.advance(4_000);
    const gaps = context.gaps.length;
    const closing = source.close();
    await clock.advance(10_000);
    await closing;
    expect(context.gaps.slice(gaps)).toEqual([]);
  });

  test("a source that is paused reads nothing, is not cut for silence, and goes on", async () => {
    const { platform, clock, source, live, marks } = await genesysRig();
    const first = await live();
    source.pause();
    platform.emit(PRESENCE, { mark: "held" });
    await clock.advance(120_000);
    expect(marks()).toEqual([]);
    source.resume();
    await eventually("held", () => marks().includes("held"));
    expect(first.closed).toBeUndefined();
    expect(platform.sockets.length).toBe(1);
  });

  test("an intake that is behind pauses the source", async () => {
    const { platform, context, live, marks, source } = await genesysRig();
    await live();
    context.behind = true;
    platform.emit(PRESENCE, { mark: "1" });
    await eventually("one", () => marks().includes("1"));
    context.behind = false;
    source.resume();
    platform.emit(PRESENCE, { mark: "2" });
    await eventually("two", () => marks().includes("2"));
  });

  test("close empties the list and shuts the socket", async () => {
    const { source, live, channel } = await genesysRig();
    const first = await live();
    const mine = await channel();
    await source.close();
    expect(mine.topics).toEqual([]);
    await eventually("shut", () => first.closed !== undefined);
    expect(source.status().state).toBe("closed");
    await source.close();
  });

  test("close is over in a few seconds though the API hangs", async () => {
    const { platform, clock, source, live } = await genesysRig();
    await live();
    platform.traps.push({ method: "PUT", path: SUBSCRIPTIONS, fault: { kind: "silence" }, times: 9 });
    let closed = false;
    const closing = source.close().then(() => (closed = true));
    await eventually("asked", () => platform.seen("PUT", SUBSCRIPTIONS).length === 2);
    expect(closed).toBe(false);
    await clock.advance(5_000);
    await closing;
    expect(closed).toBe(true);
  });
});
