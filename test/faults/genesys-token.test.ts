/** A token that the platform voids without a word, its sockets going on: all lines of the client look at once. */
import { describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { type GenesysRig, genesysRig } from "../support/genesys-rig.ts";

const CHANNELS = /^\/api\/v2\/notifications\/channels$/u;
const SUBSCRIPTIONS = /\/subscriptions$/u;
const USERS = /^\/api\/v2\/users$/u;
const people = ["u-1", "u-2", "u-3"];

/** Three lines of a source that looks people up, steady, their lists looked at more than ten seconds ago. */
async function threeLines(options: Parameters<typeof genesysRig>[0] = {}): Promise<GenesysRig> {
  const rig = await genesysRig({
    topics: ["v2.users.{*}.presence"],
    limits: { topicsPerChannel: 1 },
    prepare: ({ users }) => {
      if (users.length === 0) for (const id of people) users.push({ id, name: id });
    },
    ...options,
  });
  const isLive = () => rig.source.status().state === "live" && rig.source.status().connections.length === 3;
  await eventually("the first line", () => rig.source.status().connections[0]?.state === "live");
  await rig.clock.advance(400);
  await eventually("all lines", isLive);
  for (let n = 0; n < 2; n += 1) await fly(rig);
  return rig;
}

async function fly({ platform, clock, source }: GenesysRig): Promise<void> {
  await clock.advance(10_000);
  platform.heartbeat();
  const heard = (): boolean => source.status().connections.every(({ lastFrameAt }) => lastFrameAt === clock.now());
  await eventually("heard", heard);
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 40; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

const made = ({ platform }: GenesysRig): number => platform.seen("POST", CHANNELS).length;
const looks = ({ platform }: GenesysRig): number => platform.seen("GET", SUBSCRIPTIONS).length;

describe("a token that is void without a word", () => {
  test("is found on all lines with the first call that is answered 401, each blind since it was last surely well", async () => {
    const rig = await threeLines();
    const { platform, context, clock, source } = rig;
    const gaps = context.gaps.length;
    const before = looks(rig);
    platform.revoke(platform.tokens[0] ?? "");
    // Its channels go with it, and their sockets stay.
    platform.channels.length = 0;
    await clock.advance(3_000);
    expect(context.gaps.length).toBe(gaps);
    source.refresh();
    await eventually("new channels", () => made(rig) === 6);
    await eventually("all lines whole", () => context.gaps.slice(gaps).every(({ to }) => to === clock.now()));
    expect(context.gaps.slice(gaps)).toHaveLength(3);
    for (const { from, cause } of context.gaps.slice(gaps)) {
      expect(cause).toContain("the channel is not known any more");
      expect(from).toBeLessThanOrEqual(clock.now() - 3_000);
    }
    expect(source.status().rivals?.evictions.count).toBe(0);
    expect(looks(rig) - before).toBe(3);
  });

  test("is found by the lines of another source of the same client too", async () => {
    const rig = await threeLines();
    const { platform, context, clock } = rig;
    const gaps = context.gaps.length;
    await clock.advance(1);
    platform.revoke(platform.tokens[0] ?? "");
    platform.channels.length = 0;
    const { genesysSource } = await import("../../src/sources/genesys/index.ts");
    const other = genesysSource({
      name: "other",
      clientId: "client-1",
      clientSecret: "canary-client-secret",
      region: "us-east-1",
      topics: ["v2.users.u-9.presence"],
      endpoints: { login: platform.url, api: platform.url },
    });
    other.start(context);
    await eventually("new channels", () => made(rig) >= 6);
    await eventually(
      "gaps",
      () => context.gaps.slice(gaps).filter(({ cause }) => cause.includes("known")).length === 3,
    );
    await eventually("the other one", () => other.status().state === "live");
    const closing = other.close();
    await clock.advance(10_000);
    await closing;
  });

  test("or only said to be so, once, costs one look at each list and nothing else", async () => {
    const rig = await threeLines();
    const { platform, context, source } = rig;
    const gaps = context.gaps.length;
    const before = looks(rig);
    const fault = { kind: "answer", status: 401 } as const;
    for (let n = 1; n <= 4; n += 1) {
      platform.traps.push({ method: "GET", path: USERS, fault, times: 1 });
      const asked = platform.seen("GET", USERS).length;
      source.refresh();
      await eventually("looked up", () => platform.seen("GET", USERS).length === asked + 2);
      await turns();
      await fly(rig);
      await fly(rig);
    }
    // Four tokens had been good, and each was refused once.
    expect(looks(rig) - before).toBeGreaterThanOrEqual(3 * 4);
    // And each list was read back once, as ever.
    expect(looks(rig) - before).toBeLessThanOrEqual(3 * 4 + 3);
    expect(made(rig)).toBe(3);
    expect(context.gaps.length).toBe(gaps);
  });
});
