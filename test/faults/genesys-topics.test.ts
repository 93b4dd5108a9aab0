/** Topics that change while the source runs, against a foreign platform: people come and go, lists fail, channels fill up. */
import { describe, expect, onTestFinished, test } from "vitest";
import { genesysSource } from "../../src/sources/genesys/index.ts";
import { eventually } from "../support/eventually.ts";
import type { SeenRequest } from "../support/foreign-genesys.ts";
import { createSpyContext } from "../support/source-context.ts";
import { type GenesysRig, genesysRig, PRESENCE, type RigOptions, USER } from "../support/genesys-rig.ts";

const SUBSCRIPTIONS = /\/subscriptions$/u;
const USERS = /^\/api\/v2\/users$/u;
const EVERY_MS = 300_000;
const presenceOf = (id: string): string => `v2.users.${id}.presence`;
const listOf = ({ body }: SeenRequest): string[] => (JSON.parse(body) as { id: string }[]).map(({ id }) => id);
const person = (id: string): { id: string; name: string } => ({ id, name: id });

/** A source of everybody's presence, with these people besides {@link USER}. */
function everybody(people: readonly string[] = [], options: RigOptions = {}): Promise<GenesysRig> {
  return genesysRig({
    topics: ["v2.users.{*}.presence"],
    ...options,
    prepare(platform) {
      platform.users.push(person(USER), ...people.map(person));
      options.prepare?.(platform);
    },
  });
}

/** Lets the next look happen, with heartbeats meanwhile, and waits until its list is read. */
async function nextLook({ platform, clock, source }: GenesysRig, ms = EVERY_MS): Promise<void> {
  const before = source.status().headroom?.lookedUpAt;
  for (let left = ms * 1.11; left > 0 && source.status().headroom?.lookedUpAt === before; left -= 10_000) {
    await clock.advance(10_000);
    platform.heartbeat();
    await eventually("heard", () =>
      source.status().connections.every(({ lastFrameAt }) => lastFrameAt === clock.now()),
    );
  }
  await eventually("looked", () => source.status().headroom?.lookedUpAt !== before);
}

const puts = ({ platform }: GenesysRig): string[][] => platform.seen("PUT", SUBSCRIPTIONS).map(listOf);

describe("people who come and go", () => {
  test("a new one is subscribed on the channel that is there, its socket untouched; the time before is a declared gap", async () => {
    const rig = await everybody();
    const { platform, context, live, clock, source, proveFlow } = rig;
    await live();
    const began = clock.now();
    const gaps = context.gaps.length;
    platform.users.push(person("new-1"));
    await nextLook(rig);
    await eventually("subscribed", () => puts(rig).length === 2);
    expect(puts(rig)[1]).toEqual([PRESENCE, presenceOf("new-1")]);
    await eventually("the gap ends", () => context.gaps.at(-1)?.to !== undefined);
    expect(context.gaps.slice(gaps)).toEqual([
      expect.objectContaining({ topics: [presenceOf("new-1")], from: began, to: clock.now(), atStart: true }),
    ]);
    await proveFlow("others");
    platform.emit(presenceOf("new-1"), { mark: "x" });
    await eventually("its event", () => context.events.some(({ topic }) => topic === presenceOf("new-1")));
    expect(platform.sockets.length).toBe(1);
    expect(source.status().headroom).toMatchObject({ wanted: 2, planned: 2, channels: { own: 1 } });
  });

  test("who leaves is unsubscribed when a second look does not find them either, without a gap for the others", async () => {
    const rig = await everybody(["gone-1"]);
    const { platform, context, live, proveFlow } = rig;
    await live();
    const gaps = context.gaps.length;
    platform.users.splice(1, 1);
    await nextLook(rig);
    expect(puts(rig).length).toBe(1);
    await nextLook(rig, 30_000);
    await eventually("unsubscribed", () => puts(rig).length === 2);
    expect(puts(rig)[1]).toEqual([PRESENCE]);
    await proveFlow("on");
    expect(context.gaps.length).toBe(gaps);
    expect(platform.sockets.length).toBe(1);
  });

  test("a list that shifted while it was read costs nobody their topic", async () => {
    const rig = await everybody(["blinks"]);
    const { platform, live } = rig;
    await live();
    const [blinking] = platform.users.splice(1, 1);
    await nextLook(rig);
    if (blinking !== undefined) platform.users.push(blinking);
    await nextLook(rig, 30_000);
    await nextLook(rig);
    expect(puts(rig).length).toBe(1);
  });

  test("a look that fails changes nothing, and the next one counts", async () => {
    const rig = await everybody();
    const { platform, live, clock, source } = rig;
    await live();
    platform.users.length = 0;
    platform.users.push(person("other"));
    platform.traps.push({ method: "GET", path: USERS, fault: { kind: "answer", status: 503 }, times: 1 });
    source.refresh();
    await eventually("asked", () => platform.seen("GET", USERS).length === 2);
    await clock.settle();
    expect(puts(rig).length).toBe(1);
    await nextLook(rig);
    await eventually("added", () => puts(rig).length === 2);
    expect(puts(rig)[1]).toEqual([PRESENCE, presenceOf("other")]);
  });

  test("on demand it looks at once", async () => {
    const rig = await everybody();
    const { platform, live, source } = rig;
    await live();
    platform.users.push(person("new-1"));
    source.refresh();
    source.refresh();
    await eventually("subscribed", () => puts(rig).length === 2);
  });

  test("concrete topics are never looked up", async () => {
    const rig = await genesysRig();
    await rig.live();
    rig.source.refresh();
    await rig.clock.advance(20_000);
    expect(rig.platform.seen("GET", USERS)).toEqual([]);
  });
});

describe("channels that fill up", () => {
  const limits = { topicsPerChannel: 2, channels: 2 };

  test("what is new fills the room there is, then a new channel; a channel that nobody needs is given back", async () => {
    const rig = await everybody(["p1", "p2", "p3"], { limits });
    const { platform, clock, context, live, source } = rig;
    await eventually("a line", () => platform.standing().length === 1);
    await clock.advance(200);
    await live(2);
    expect(puts(rig)).toEqual([
      [PRESENCE, presenceOf("p1")],
      [presenceOf("p2"), presenceOf("p3")],
    ]);
    platform.users.splice(1, 1, person("p4"));
    await nextLook(rig);
    // p1 is doubted, so there is no room yet, and that is said.
    expect(source.status()).toMatchObject({ state: "degraded", headroom: { wanted: 5, planned: 4, noRoom: 1 } });
    expect(source.status().reason).toContain("1 topics are not covered: 5 topics need 3 channels of 2");
    expect(source.status().rejectedTopics).toContainEqual({
      topic: presenceOf("p4"),
      reason: "no channel has room for it",
    });
    await nextLook(rig, 30_000);
    await eventually("p4 in the place of p1", () => puts(rig).length === 3);
    expect(puts(rig)[2]).toEqual([PRESENCE, presenceOf("p4")]);
    expect(source.status()).toMatchObject({ state: "live", headroom: { noRoom: 0, topicsUntilLimit: 0 } });
    platform.users.splice(2, 2);
    await nextLook(rig);
    await nextLook(rig, 30_000);
    await eventually("one socket", () => platform.standing().length === 1);
    await eventually("its list is empty", () => platform.channels[1]?.topics.length === 0);
    expect(source.status()).toMatchObject({ state: "live", headroom: { planned: 2, topicsUntilLimit: 2 } });
    expect(context.gaps.every(({ to }) => to !== undefined)).toBe(true);
    platform.users.push(person("p5"));
    source.refresh();
    await live(2);
    expect(platform.channels.findLast(({ socket }) => socket !== undefined)?.topics).toEqual([presenceOf("p5")]);
  });
});

test("what a channel counted that is not needed any more still counts", async () => {
  const rig = await everybody(["p1"], { limits: { topicsPerChannel: 1 } });
  const { platform, clock, live, source } = rig;
  await eventually("a line", () => platform.standing().length === 1);
  await clock.advance(200);
  await live(2);
  platform.system(await rig.channel(), "v2.system.socket_closing");
  const overlapped = () => source.status().connections.some(({ overlaps }) => (overlaps?.count ?? 0) > 0);
  await eventually("a successor", overlapped);
  platform.emit(presenceOf("p1"), { mark: "both" });
  await eventually("its event", () => rig.context.events.some(({ topic }) => topic === presenceOf("p1")));
  await clock.advance(2_000);
  await live(2);
  const counters = () => {
    const { connections, retired } = source.status();
    const all = [...connections, ...(retired === undefined ? [] : [retired])];
    const sum = (of: "count" | "ms" | "folded"): number =>
      all.reduce((total, one) => total + (one.overlaps?.[of] ?? 0), 0);
    const reconnects = all.reduce((total, one) => total + one.reconnects, 0);
    return { reconnects, count: sum("count"), ms: sum("ms"), folded: sum("folded") };
  };
  const before = counters();
  expect(before).toEqual({ reconnects: 1, count: 1, ms: 1_500, folded: 1 });
  expect(source.status().retired).toBeUndefined();
  platform.users.splice(1, 1);
  await nextLook(rig);
  await nextLook(rig, 30_000);
  await eventually("one line", () => source.status().connections.length === 1);
  expect(counters()).toEqual(before);
  // One that comes in its place counts from nothing.
  platform.users.push(person("p2"));
  source.refresh();
  await live(2);
  expect(counters()).toEqual(before);
});

describe("the list of a channel", () => {
  test("who is added while the line moves is on both channels", async () => {
    const rig = await everybody();
    const { platform, clock, context, live, channel, source } = rig;
    await live();
    const old = await channel();
    // The successor's list is asked for and not answered yet.
    platform.traps.push({ method: "PUT", path: SUBSCRIPTIONS, fault: { kind: "answer", status: 503 }, times: 1 });
    platform.system(old, "v2.system.socket_closing");
    await eventually("the line waits", () => source.status().connections[0]?.reason?.includes("503") === true);
    platform.users.push(person("new-1"));
    source.refresh();
    await eventually("on the old channel", () => old.topics.includes(presenceOf("new-1")));
    await clock.advance(5_000);
    await eventually("moved", () => context.logger.text().includes("without a gap"));
    expect((await channel()).topics).toEqual([PRESENCE, presenceOf("new-1")]);
    expect(context.gaps.every(({ to }) => to !== undefined)).toBe(true);
  });

  test("a list that fails is tried again, and what was subscribed flows on", async () => {
    const rig = await everybody();
    const { platform, clock, context, live, source, proveFlow } = rig;
    await live();
    platform.traps.push({ method: "PUT", path: SUBSCRIPTIONS, fault: { kind: "lost-answer" }, times: 2 });
    platform.users.push(person("new-1"));
    source.refresh();
    await eventually("told", () => context.logger.text().includes("can't be changed yet"));
    await proveFlow("on");
    await clock.advance(4_000);
    await eventually("again", () => puts(rig).length === 3);
    await eventually("told again", () => context.logger.text().split("can't be changed yet").length === 3);
    await clock.advance(8_000);
    await eventually("taken", () => context.gaps.at(-1)?.to !== undefined);
    expect(puts(rig).length).toBe(4);
    expect(platform.sockets.length).toBe(1);
  });

  test("what is rejected is tried again after some minutes, and taken once the permission is there", async () => {
    const rig = await everybody(["p1"], {
      prepare: ({ forbidden }) => void forbidden.add(presenceOf("p1")),
    });
    const { platform, source, live } = rig;
    await live();
    expect(source.status().headroom).toMatchObject({
      rejected: 1,
      missingPermissions: { "routing:queue:view": 1 },
    });
    platform.forbidden.clear();
    await nextLook(rig);
    await nextLook(rig);
    await nextLook(rig);
    await eventually("again", () => puts(rig).length === 2);
    await eventually("taken", () => source.status().headroom?.rejected === 0);
    expect(source.status().rejectedTopics).toEqual([]);
  });

  test("topics that are gone from it are subscribed anew, and the time since it was last right is a gap", async () => {
    const rig = await everybody(["p1"]);
    const { platform, clock, context, live, channel } = rig;
    await live();
    const since = clock.now();
    const mine = await channel();
    await clock.advance(12_000);
    platform.heartbeat();
    mine.topics.splice(1, 1);
    platform.system(mine, "v2.subscription.updated");
    await eventually("again", () => puts(rig).length === 2);
    await eventually("the gap ends", () => context.gaps.at(-1)?.to !== undefined);
    expect(context.gaps.at(-1)).toMatchObject({ topics: [presenceOf("p1")], from: since });
    expect(mine.topics).toEqual([PRESENCE, presenceOf("p1")]);
    expect(platform.sockets.length).toBe(1);
  });

  test("an answer that does not name all topics is looked into", async () => {
    const body = JSON.stringify({ entities: [{ id: PRESENCE, state: "Permitted" }] });
    const { source, live, platform, context, clock, channel } = await everybody(["p1"], {
      prepare: ({ traps }) =>
        void traps.push({ method: "PUT", path: SUBSCRIPTIONS, fault: { kind: "answer", status: 200, body }, times: 1 }),
    });
    await live();
    expect(platform.seen("GET", SUBSCRIPTIONS).length).toBe(1);
    // Neither taken nor rejected: nobody says why, so it is a gap that is worked on, and not one for ten minutes.
    expect(source.status().rejectedTopics).toEqual([]);
    const gap = context.gaps.at(-1);
    expect(gap).toMatchObject({ topics: [PRESENCE, presenceOf("p1")], to: undefined });
    expect(gap?.cause).toContain("does not list these topics");
    await clock.advance(2_000);
    await eventually("taken", () => gap?.to !== undefined);
    expect((await channel()).topics).toEqual([PRESENCE, presenceOf("p1")]);
  });

  test("topics that were written combined go out combined, and count for each of their parts", async () => {
    const { source, channel, context, platform, live } = await genesysRig({
      topics: [`v2.users.${USER}?presence&station`, `v2.users.${USER}.routingStatus`],
      limits: { topicsPerChannel: 3, channels: 1 },
    });
    await live();
    expect((await channel()).topics).toEqual([`v2.users.${USER}?presence&station&routingStatus`]);
    expect(source.status().headroom).toMatchObject({ planned: 3, topicsUntilLimit: 0 });
    platform.emit(`v2.users.${USER}.station`, {});
    await eventually("its event", () => context.events.length === 1);
    expect(context.gaps[0]?.topics).toEqual([PRESENCE, `v2.users.${USER}.station`, `v2.users.${USER}.routingStatus`]);
  });

  test("where combined topics count once, more of them fit on a channel", async () => {
    const topics = [1, 2].flatMap((n) => ["presence", "station", "activity"].map((part) => `v2.users.u${n}.${part}`));
    const { channel, live } = await genesysRig({
      topics,
      limits: { topicsPerChannel: 2, channels: 1, combinedCountOnce: true },
    });
    await live();
    expect((await channel()).topics).toEqual([
      "v2.users.u1?presence&station&activity",
      "v2.users.u2?presence&station&activity",
    ]);
  });
});

describe("sources that share a client", () => {
  test("have one login and one budget: what one spends, the other has no more", async () => {
    const first = await everybody();
    const { platform, clock, live } = first;
    await live();
    const second = genesysSource({
      name: "second",
      clientId: "client-1",
      clientSecret: "canary-client-secret",
      topics: [PRESENCE],
      endpoints: { login: platform.url, api: platform.url },
    });
    onTestFinished(() => second.close());
    second.start(createSpyContext(clock, first.context.net));
    await live(2);
    expect(platform.tokens.length).toBe(1);
    const { requests } = first.source.status().headroom ?? {};
    expect(requests?.left).toBeLessThan(300);
    expect(second.status().headroom?.requests).toEqual(requests);
    const fault = { kind: "answer", status: 429, headers: { "retry-after": "30" } } as const;
    platform.traps.push({ method: "GET", path: USERS, fault, times: 1 });
    first.source.refresh();
    await eventually("spent", () => first.source.status().headroom?.requests.left === 0);
    expect(second.status().headroom?.requests).toMatchObject({ left: 0, resetsInMs: 30_000 });
  });
});
