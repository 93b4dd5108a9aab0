/**
 * Reconciliation on a busy emulator, in real time: sockets are cut for some seconds under traffic, and afterwards what was seen last of
 * each object, live or reconciled, is what the emulator's REST says of it.
 */
import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { createEmulator, type Emulator, type FaultRequest, type LedgerEvent } from "../../src/emulator/index.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { systemNet } from "../../src/runtime/net.ts";
import { genesysSource, type GenesysSource } from "../../src/sources/genesys/index.ts";
import { eventually } from "../support/eventually.ts";
import { createSpyContext, type SeenEvent, type SpyContext } from "../support/source-context.ts";

const SLACK_MS = 100;
const TOPICS = [
  "v2.routing.queues.{*}.conversations",
  "v2.users.{*}.conversations",
  "v2.users.{*}.conversations.calls",
  "v2.users.{*}.presence",
  "v2.users.{*}.routingStatus",
];

interface Centre {
  readonly emulator: Emulator;
  readonly source: GenesysSource;
  readonly context: SpyContext;
  readonly rest: (path: string) => Promise<unknown>;
}

async function busyCentre(): Promise<Centre> {
  const emulator = createEmulator({
    agents: 10,
    queues: 3,
    rate: 150,
    seed: 11,
    limits: { requestsPerMinute: 100_000 },
    // Behind, and less than the source allows for.
    switches: { analyticsLagMs: 300 },
  });
  await emulator.listen();
  const { url, clientId, clientSecret } = emulator;
  const context = createSpyContext(systemClock(), systemNet());
  const source = genesysSource({
    name: "main",
    region: "us-east-1",
    clientId,
    clientSecret,
    topics: TOPICS,
    endpoints: { login: url, api: url },
    reconcile: { analyticsLagMs: 500 },
  });
  onTestFinished(async () => {
    await source.close();
    await emulator.close();
  });
  source.start(context);
  await eventually("live", () => source.status().state === "live");
  const login = await fetch(`${url}/oauth/token`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` },
    body: new URLSearchParams({ grant_type: "client_credentials" }),
  });
  const { access_token: token } = (await login.json()) as { access_token: string };
  const rest = async (path: string): Promise<unknown> => {
    const answer = await fetch(`${url}/api/v2/${path}`, { headers: { authorization: `Bearer ${token}` } });
    return answer.json();
  };
  return { emulator, source, context, rest };
}

function ledgerOf(emulator: Emulator): LedgerEvent[] {
  const all: LedgerEvent[] = [];
  for (let after = 0; ;) {
    const { events, next } = emulator.ledger({ after, limit: 1_000 });
    all.push(...events);
    if (events.length === 0) return all;
    after = next;
  }
}

const asked = ({ source }: Centre): number => source.status().reconciliation?.asking ?? -1;
const settled = ({ context }: Centre): boolean =>
  context.gaps.every(
    ({ to, topics, findings }) =>
      to !== undefined && topics.every((topic) => findings.some((found) => found.topics.includes(topic))),
  );

/** Topics that are subscribed, by what they are about. */
const OF_CONVERSATIONS = /^v2\.(?:users\.[^.]+\.conversations(?:\.calls)?|routing\.queues\.[^.]+\.conversations)$/u;
const OF_STANDING = /^v2\.users\.[^.]+\.(?:presence|routingstatus)$/u;

/** What was received last, by topic and key. */
function lastSeen({ events }: SpyContext): Map<string, SeenEvent> {
  return new Map(events.map((event) => [`${event.topic.toLowerCase()} ${event.key}`, event]));
}

/** Holds what was seen last against the emulator's state: the mistakes. */
async function mistakes({ emulator, context, rest }: Centre): Promise<string[]> {
  const seen = lastSeen(context);
  const produced = new Map<string, LedgerEvent>();
  const changedAt = new Map<string, number>();
  for (const event of ledgerOf(emulator)) {
    const topic = event.topic.toLowerCase();
    changedAt.set(event.key, event.at);
    if (OF_CONVERSATIONS.test(topic) || OF_STANDING.test(topic)) produced.set(`${topic} ${event.key}`, event);
  }
  const found: string[] = [];
  for (const [name, { topic, key, hash, sockets }] of produced) {
    const last = seen.get(name);
    const isLastOne =
      sockets.length > 0 &&
      createHash("sha256")
        .update(last?.text ?? "")
        .digest("hex")
        .startsWith(hash);
    if (isLastOne || (last !== undefined && (await isAsRest(topic, key, last, rest)))) continue;
    // Who left a conversation is not told any more of what happens in it later.
    if (last?.origin === "reconciled" && last.receivedAt < (changedAt.get(key) ?? 0)) continue;
    found.push(`${name}: ${last === undefined ? "never seen" : `${last.origin}, and not the state there is`}`);
  }
  return found;
}

async function isAsRest(topic: string, key: string, { text }: SeenEvent, rest: Centre["rest"]): Promise<boolean> {
  const body = JSON.parse(text) as Record<string, unknown>;
  if (/\.presence$/iu.test(topic)) {
    const state = (await rest(`users/${key}/presences/purecloud`)) as Record<string, unknown>;
    return state["modifiedDate"] === body["modifiedDate"];
  }
  if (/\.routingstatus$/iu.test(topic)) {
    const { status, startTime } = (await rest(`users/${key}/routingstatus`)) as Record<string, unknown>;
    return isDeepStrictEqual(body["routingStatus"], { status, startTime });
  }
  const path = topic.endsWith(".calls") ? `conversations/calls/${key}` : `conversations/${key}`;
  return isDeepStrictEqual(body, await rest(path));
}

/** Events of subscribed topics that were not received, and lie in no gap. */
function unexplained({ emulator, context }: Centre): LedgerEvent[] {
  const marks = new Set(
    context.events
      .filter(({ origin }) => origin === "live")
      .map(
        ({ topic, text }) => `${topic.toLowerCase()} ${createHash("sha256").update(text).digest("hex").slice(0, 16)}`,
      ),
  );
  return ledgerOf(emulator).filter(({ topic, hash, at, sockets }) => {
    const name = topic.toLowerCase();
    if (!OF_CONVERSATIONS.test(name) && !OF_STANDING.test(name)) return false;
    if (sockets.length > 0 && marks.has(`${name} ${hash}`)) return false;
    return !context.gaps.some(({ from, to }) => at >= from - SLACK_MS && at <= (to ?? Infinity) + SLACK_MS);
  });
}

/** How far a body has come: what only grows. */
function stepsOf(topic: string, text: string): number {
  const body = JSON.parse(text) as {
    readonly participants?: readonly Readonly<Record<string, unknown>>[];
    readonly modifiedDate?: string;
    readonly routingStatus?: { readonly startTime: string };
  };
  if (!OF_CONVERSATIONS.test(topic)) return Date.parse(body.modifiedDate ?? body.routingStatus?.startTime ?? "");
  const steps = ["id", "connectedTime", "endTime", "startAcwTime", "endAcwTime", "wrapup"];
  return (body.participants ?? []).reduce(
    (sum, one) => sum + steps.filter((step) => one[step] !== undefined).length,
    0,
  );
}

/** Reconciled events that were behind what any live event had shown of the same object before. */
function overwritten({ context }: Centre): string[] {
  const furthest = new Map<string, number>();
  const found: string[] = [];
  for (const { topic, key, text, origin } of context.events) {
    const name = topic.toLowerCase();
    const object = OF_CONVERSATIONS.test(name) ? String(key) : name;
    const steps = stepsOf(name, text);
    const before = furthest.get(object) ?? -Infinity;
    if (origin === "reconciled" && steps < before) found.push(`${name} ${key}`);
    furthest.set(object, Math.max(before, steps));
  }
  return found;
}

async function cut(centre: Centre, faults: readonly FaultRequest[]): Promise<void> {
  const { emulator, source, context } = centre;
  await eventually("the start is reconciled", () => asked(centre) === 0, 60_000);
  const gaps = context.gaps.length;
  for (const fault of faults) emulator.faults.inject(fault);
  await eventually("a gap", () => context.gaps.length > gaps);
  await eventually(
    "live again",
    () => source.status().state === "live" && context.gaps.at(-1)?.to !== undefined,
    30_000,
  );
}

async function quiet(centre: Centre): Promise<void> {
  await eventually("reconciled", () => asked(centre) === 0 && settled(centre), 60_000);
  centre.emulator.stopTraffic();
  const count = (): number => centre.context.events.length;
  for (let before = -1; before !== count();) {
    before = count();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

test("all sockets cut for seconds under traffic: the state seen last is the state there is, and the gap is repaired", async () => {
  const centre = await busyCentre();
  await centre.context.received(100);
  await cut(centre, [{ fault: "server-error", on: "upgrade", forMs: 3_000 }, { fault: "drop" }]);
  await quiet(centre);
  expect(unexplained(centre)).toEqual([]);
  expect(await mistakes(centre)).toEqual([]);
  expect(overwritten(centre)).toEqual([]);
  const gap = centre.context.gaps.at(-1);
  expect(new Set(gap?.findings.map(({ outcome, why }) => `${outcome}: ${why}`))).toEqual(
    new Set([
      "repaired: all conversations of that time were looked up; each is known as it is now, states in between are not",
      "repaired: the state is known again; states in between are not",
    ]),
  );
  const handedOn = centre.context.events.filter(({ origin }) => origin === "reconciled").length;
  expect(handedOn).toBeGreaterThan(10);
  expect(centre.source.status().reconciliation).toMatchObject({ asking: 0, handedOn, failed: 0 });
}, 150_000);

test("REST that stands still while events go on: nothing that it says overwrites what is newer", async () => {
  const centre = await busyCentre();
  await centre.context.received(100);
  await cut(centre, [{ fault: "stale-rest", forMs: 4_000 }, { fault: "drop" }]);
  await quiet(centre);
  expect(unexplained(centre)).toEqual([]);
  expect(overwritten(centre)).toEqual([]);
  expect(centre.source.status().reconciliation?.behind).toBeGreaterThan(0);
}, 150_000);
