/** The built-in types of events against what the platform sends: its samples, its field trees, and the emulator's frames. */
import { beforeAll, describe, expect, test } from "vitest";
import { emitTypes } from "../../../src/cli/event-types/emit.ts";
import { createEmulator } from "../../../src/emulator/index.ts";
import { createFakeClock } from "../../../src/testing/fake-clock.ts";
import { SAMPLES } from "../../fixtures/genesys-samples.ts";
import { compile } from "../../support/compile.ts";
import { newChannel, newToken, openSocket } from "../../support/emulator-client.ts";
import { templateOf } from "../../support/field-check.ts";
import FIELDS from "../../support/genesys-fields.json" with { type: "json" };

const COMPILING = 60_000;

/** Topics with a built-in type, as the source of the types lists them. */
const TOPICS = new Set([
  "v2.analytics.queues.{id}.activity",
  "v2.analytics.queues.{id}.observations",
  ...["v2.users.{id}.conversations", "v2.routing.queues.{id}.conversations"].flatMap((base) => [
    base,
    ...["calls", "callbacks", "chats", "emails", "messages"].map((medium) => `${base}.${medium}`),
  ]),
  "v2.routing.queues.{id}.users",
  ...["activity", "conversationsummary", "outofoffice", "presence", "routingStatus", "station"].map(
    (stream) => `v2.users.{id}.${stream}`,
  ),
]);

interface Body {
  readonly origin: string;
  readonly topic: string;
  readonly body: unknown;
}

/** A module in which each body is written as a value of its type: unknown members and wrong values are errors. */
function moduleOf(bodies: readonly Body[]): string {
  const consts = bodies.map(
    ({ origin, topic, body }, at) =>
      `/* ${origin} */ export const body${at}: GenesysEventBody<${JSON.stringify(templateOf(topic))}> = ${JSON.stringify(body)};`,
  );
  return ['import type { GenesysEventBody } from "ringfirst";', ...consts].join("\n");
}

const samples: readonly Body[] = SAMPLES.filter(({ topic }) => TOPICS.has(templateOf(topic))).map(
  ({ name, topic, body }) => ({ origin: name, topic, body }),
);

/** A busy quarter of an hour, one body of each outline. */
async function emulatedBodies(): Promise<readonly Body[]> {
  const clock = createFakeClock();
  await using emulator = createEmulator({ clock, seed: 11, agents: 20, queues: 3, callsPerHour: 900 });
  await emulator.listen();
  const users = emulator.directory.users.map(({ id }) => `v2.users.${id}`);
  const queues = emulator.directory.queues.map(({ id }) => id);
  const media = ["", ".calls", ".callbacks", ".chats", ".emails", ".messages"];
  const topics = [
    ...[...users, ...queues.map((id) => `v2.routing.queues.${id}`)].flatMap((place) =>
      media.map((medium) => `${place}.conversations${medium}`),
    ),
    ...users.map((user) => `${user}?presence&routingStatus&activity`),
    ...queues.map((id) => `v2.analytics.queues.${id}.observations`),
  ];
  const channel = await newChannel(emulator, await newToken(emulator), topics);
  const socket = await openSocket(channel.connectUri);
  await clock.advance(15 * 60_000);
  emulator.stopTraffic();
  const sent = emulator.ledger({ limit: 1_000_000 }).events.filter(({ sockets }) => sockets.length > 0).length;
  await socket.until(sent + 30);
  const frames = socket.events() as unknown as readonly { readonly topicName: string; readonly eventBody: unknown }[];
  const byOutline = new Map<string, Body>();
  for (const { topicName, eventBody } of frames) {
    const outline = JSON.stringify(eventBody)
      .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|\d+/gu, "#")
      .slice(0, 1_500);
    byOutline.set(`${templateOf(topicName)} ${outline.length % 97}`, {
      origin: "emulator",
      topic: topicName,
      body: eventBody,
    });
  }
  return [...byOutline.values()];
}

/** The field trees as JSON Schemas. */
function schemaOf(type: string): unknown {
  const list = /^(.*)\[\]$/u.exec(type)?.[1];
  if (list !== undefined) return { type: "array", items: schemaOf(list) };
  const map = /^map<(.*)>$/u.exec(type)?.[1];
  if (map !== undefined) return { type: "object", additionalProperties: schemaOf(map) };
  const values = /^enum\((.*)\)$/u.exec(type)?.[1]?.split("|");
  if (values !== undefined) return { type: "string", enum: values };
  if (Object.hasOwn(FIELDS.types, type)) return { $ref: `#/definitions/${type}` };
  return { type: type === "date-time" ? "string" : type };
}

const definitions = Object.fromEntries(
  Object.entries(FIELDS.types).map(([name, tree]) => [
    name,
    {
      type: "object",
      properties: Object.fromEntries(Object.entries(tree).map(([field, type]) => [field, schemaOf(type)])),
    },
  ]),
);

describe("the built-in types of events", () => {
  let emulated: readonly Body[] = [];
  beforeAll(async () => {
    emulated = await emulatedBodies();
  }, COMPILING);

  test(
    "hold every sample of the platform and every frame of the emulator",
    async () => {
      expect(samples.length).toBeGreaterThan(15);
      expect(new Set(emulated.map(({ topic }) => templateOf(topic))).size).toBeGreaterThan(10);
      expect(await compile({ "samples.ts": moduleOf(samples), "emulator.ts": moduleOf(emulated) })).toBe("");
    },
    COMPILING,
  );

  test(
    "say no to a member that there is not and to a value out of range, so the test above can fail",
    async () => {
      const wrong: Body[] = [
        { origin: "member", topic: "v2.users.{id}.presence", body: { presense: {} } },
        { origin: "value", topic: "v2.users.{id}.conversations.calls", body: { participants: [{ state: "ringing" }] } },
      ];
      const said = await compile({ "wrong.ts": moduleOf(wrong) });
      expect(said.match(/error TS/gu)).toHaveLength(2);
      expect(said).toContain("presense");
      expect(said).toContain("ringing");
    },
    COMPILING,
  );

  test(
    "are the field trees of the platform, no more and no less",
    async () => {
      const described = Object.entries(FIELDS.topics).filter(([topic]) => TOPICS.has(topic));
      expect(described.length).toBeGreaterThan(14);
      const topics = described.map(([id, type]) => ({
        id,
        description: "",
        schema: { $ref: `#/definitions/${type}`, definitions },
      }));
      const both = described.map(
        ([topic], at) => `
type Built${at} = GenesysEventBody<${JSON.stringify(topic)}>;
type Given${at} = EventBodies[${JSON.stringify(topic)}];
export const there${at} = (body: Built${at}): Given${at} => body;
export const back${at} = (body: Given${at}): Built${at} => body;
export const same${at}: Same<Built${at}, Given${at}> = true;`,
      );
      const check = `import type { GenesysEventBody } from "ringfirst";
import type { EventBodies } from "./given.ts";
type Plain<T> = T extends readonly (infer I)[] ? readonly Plain<I>[] : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;
type Same<A, B> = (<T>() => T extends Plain<A> ? 1 : 2) extends <T>() => T extends Plain<B> ? 1 : 2 ? true : false;
${both.join("\n")}`;
      expect(await compile({ "given.ts": emitTypes(topics).code, "check.ts": check })).toBe("");
    },
    COMPILING,
  );

  test(
    "let a frame's topic decide its body",
    async () => {
      const code = `import type { GenesysEventFrame } from "ringfirst";
export function statusOf(frame: GenesysEventFrame<"v2.users.{id}.routingStatus">): string {
  return frame.eventBody.routingStatus?.status ?? frame.topicName;
}
export const frame: GenesysEventFrame<"v2.users.{id}.presence"> = { topicName: "v2.users.4711.presence", eventBody: {} };
// @ts-expect-error another topic
export const other: GenesysEventFrame<"v2.users.{id}.presence"> = { topicName: "v2.users.4711.station", eventBody: {} };`;
      expect(await compile({ "frame.ts": code })).toBe("");
    },
    COMPILING,
  );
});
