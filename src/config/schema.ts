/**
 * The shape of `ringfirst.yaml`. Names are part of the outward contract; everything but one source and one sink has a default.
 *
 * The descriptions go into the published JSON Schema, which editors show while one types.
 */
import { type core, z } from "zod";
import { TOPIC_LIMITS } from "../core/topic-plan.ts";
import type { Config } from "./config.ts";

type JsonSchema = core.JSONSchema.BaseSchema;

const millis = (max = 31_536_000_000): z.ZodNumber => z.number().min(1).max(max);
const count = (min = 1): z.ZodNumber => z.number().int().min(min).max(Number.MAX_SAFE_INTEGER);
const share = z.number().min(0).max(0.5);
const name = z
  .string()
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/u)
  .describe("Letters, digits, dot, dash and underscore, 64 at most; unique; shown in logs, metrics and the dashboard");
const text = z.string().min(1);
const expression = z.string().min(1).max(20_000);
const secretFile = (what: string): z.ZodOptional<z.ZodString> =>
  text
    .optional()
    .describe(`A file that holds ${what}; not readable by others; beside the configuration unless absolute`);

const queueLimits = z.strictObject({
  maxEvents: count().optional().describe("Waiting and in-flight events of one sink"),
  maxBytes: count().optional().describe("Their payload bytes"),
});

const credentials = {
  name,
  region: text.describe("us-east-1, us_east_1 or mypurecloud.com"),
  clientId: text,
  clientSecret: text.describe("Better ${ENV} or clientSecretFile than the secret itself"),
  clientSecretFile: secretFile("the client secret"),
};

const topicSelector = z.strictObject({
  topic: text.max(200),
  members: z
    .strictObject({ queue: text.optional(), division: text.optional() })
    .describe("Whom {*} stands for: members of a queue, or of a division, by name")
    .optional(),
});

const genesysSource = z.strictObject({
  type: z.literal("genesys"),
  ...credentials,
  region: credentials.region.optional(),
  topics: z
    .array(z.union([text.max(200), topicSelector]))
    .min(1)
    .describe("{*} stands for every one that the client may see; or a concrete id"),
  endpoints: z
    .strictObject({ login: text.optional(), api: text.optional() })
    .optional()
    .describe("An emulator or proxy; with both, region may be left out"),
  lookUpEveryMs: z
    .number()
    .int()
    .min(10_000)
    .max(86_400_000)
    .optional()
    .describe("People and queues behind {*} are looked up again after so long, more or less; 300000"),
  reconcile: z
    .union([
      z.boolean(),
      z.strictObject({
        atStart: z.boolean().optional().describe("At the start; true"),
        afterGaps: z.boolean().optional().describe("After gaps; true"),
        analyticsLagMs: z
          .number()
          .int()
          .min(0)
          .max(3_600_000)
          .optional()
          .describe("Analytics know a conversation so long after it began, at the latest; 75000"),
      }),
    ])
    .optional()
    .describe("The state that a gap hid is asked for and handed on, with the origin reconciled; true"),
  limits: z
    .strictObject({
      topicsPerChannel: z.number().int().min(1).max(TOPIC_LIMITS.topicsPerChannel).optional().describe("1000"),
      channels: z
        .number()
        .int()
        .min(1)
        .max(TOPIC_LIMITS.channels)
        .optional()
        .describe("Channels that this source may use of the client's 20; 20"),
      combinedCountOnce: z.boolean().optional().describe("The platform counts a combined topic once; false"),
    })
    .optional()
    .describe("How much of the platform's limits this source may use"),
});
/** What zod can't say of `genesysSource`, and `semantics` checks: the hosts are known by the region, or by both endpoints. */
const HOSTS_ARE_KNOWN: JsonSchema[] = [having({ region: {} }), having({ endpoints: having({ login: {}, api: {} }) })];

const platformWebsocketSource = z.strictObject({
  type: z.literal("platform-websocket"),
  ...credentials,
  endpoints: z
    .strictObject({ api: text.optional(), socket: text.optional() })
    .optional()
    .describe("An emulator or proxy"),
});

const httpSource = z.strictObject({ type: z.literal("http"), name }).describe("POST /api/events");

const priorityClass = z.strictObject({
  name,
  neverShed: z.boolean().optional().describe("Never given up to make room; the first class by default"),
  minShare: share.optional().describe("Share of hand-overs under load; all together at most 0.5"),
});

const rule = z.strictObject({
  name: text.max(200),
  topics: z.array(text.max(500)).min(1).optional().describe("* is one segment; absent: every topic"),
  when: expression.optional().describe("CEL over topic, body, event"),
  class: text,
  key: expression.optional().describe("CEL to the ordering key; absent: the conversation, else the topic's subject"),
  coalesceKey: expression.optional().describe("CEL: newer state replaces older of the same coalescing key"),
  ttlMs: millis().optional().describe("The event ends so long after its arrival"),
});
const defaults = z
  .strictObject({ use: z.literal("defaults") })
  .describe("The built-in rules of both wires, from here on");

const delivery = {
  name,
  when: expression.optional().describe("CEL over topic, body, event, class, key; absent: everything"),
  concurrency: count().max(10_000).optional(),
  reserve: z.record(z.string(), count(0)).optional().describe("Hands kept free for a class"),
  timeoutMs: millis(86_400_000).optional(),
  retry: z
    .strictObject({
      maxAttempts: count().max(1_000).optional(),
      initialMs: z.number().min(0).max(86_400_000).optional(),
      maxMs: z.number().min(0).max(86_400_000).optional(),
    })
    .optional(),
  limits: queueLimits.optional(),
};

const webhookSink = z.strictObject({
  type: z.literal("webhook"),
  ...delivery,
  url: text,
  secret: z
    .union([text, z.array(text).min(1)])
    .optional()
    .describe("whsec_…; a list rotates keys"),
  secretFile: secretFile("the signing key"),
  allowPrivate: z.array(text).optional().describe("Private address ranges that may be reached"),
  headers: z.record(z.string(), z.string()).optional(),
});

const ndjsonSink = z.strictObject({
  type: z.literal("ndjson"),
  ...delivery,
  path: text.optional().describe("A file to append to; - is stdout"),
});

const store = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("memory") }),
  z.strictObject({
    type: z.literal("sqlite"),
    path: text.optional().describe("The database file; its folder is made"),
    sync: z
      .enum(["full", "process"])
      .optional()
      .describe("What an admitted event survives: loss of power (full), or the end of the process"),
    keep: z.strictObject({ hours: z.number().min(0).optional(), maxBytes: count().optional() }).optional(),
  }),
]);

/** The configuration as written, variables and secrets filled in. */
export const configSchema: z.ZodType<Config> = z.strictObject({
  $schema: text.optional(),
  sources: z.array(z.discriminatedUnion("type", [genesysSource, platformWebsocketSource, httpSource])).min(1),
  classes: z.array(priorityClass).min(1).max(32).optional().describe("Most urgent first"),
  rules: z
    .array(z.union([rule, defaults]))
    .max(100_000)
    .optional()
    .describe("The first that matches wins"),
  sinks: z.array(z.discriminatedUnion("type", [webhookSink, ndjsonSink])).min(1),
  lifecycle: z
    .union([
      z.boolean(),
      z.strictObject({
        maxConversations: count().optional(),
        forgetAfterMs: z.number().min(0).optional(),
        recallMs: z.number().min(0).optional(),
        lateAfterMs: z.number().min(0).optional(),
      }),
    ])
    .optional()
    .describe("Events of their own for ringing, answered, missed, … of conversations"),
  store: store.optional(),
  limits: queueLimits
    .extend({
      maxFrameBytes: count()
        .max(2 ** 30)
        .optional(),
      maxDepth: count().max(1_000).optional(),
    })
    .optional(),
  dedup: z.strictObject({ windowMs: z.number().min(0).optional(), maxCount: count(0).optional() }).optional(),
  leaseMs: millis(86_400_000).optional(),
  pressure: z
    .strictObject({
      pauseAbove: z.number().gt(0).max(1).optional(),
      resumeBelow: z.number().min(0).max(1).optional(),
    })
    .optional(),
  deadLetters: z.strictObject({ maxCount: count(0).optional() }).optional(),
  drainMs: z.number().min(0).max(86_400_000).optional(),
  server: z
    .strictObject({
      host: text.optional(),
      port: z.number().int().min(0).max(65_535).optional(),
      token: z.string().min(16).optional(),
      tokenFile: secretFile("the token"),
      allowedHosts: z.array(text).optional().describe("More names by which the server is reached, without a port"),
      allowedOrigins: z
        .array(text)
        .optional()
        .describe("More origins whose pages may use it, such as https://wall.example.com"),
    })
    .optional(),
  log: z.strictObject({ level: z.enum(["debug", "info", "warn", "error"]).optional() }).optional(),
});

/** Members whose values are secrets; each may be given as a file, `…File`. */
export const SECRET_MEMBERS: readonly string[] = ["clientSecret", "secret", "token"];

/** The JSON Schema (draft 2020-12) of the configuration file, for editors and checks; published as `docs/ringfirst.schema.json`. */
export function configJsonSchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(configSchema, {
    io: "input",
    reused: "inline",
    override: ({ zodSchema, jsonSchema }) => {
      if ((zodSchema as unknown) === genesysSource) jsonSchema.anyOf = HOSTS_ARE_KNOWN;
    },
  });
  return { ...(loosened(schema) as Record<string, unknown>), title: "ringfirst.yaml" };
}

/** A secret may stand in a file instead, and a number or a switch may be a reference: the schema must not complain. */
function loosened(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(loosened);
  if (typeof node !== "object" || node === null) return node;
  const copy: Record<string, unknown> = {};
  for (const [member, value] of Object.entries(node)) copy[member] = loosened(value);
  if (copy["type"] === "number" || copy["type"] === "integer" || copy["type"] === "boolean") {
    return { anyOf: [copy, { type: "string", pattern: "^\\$\\{.+\\}$" }] };
  }
  const { properties, required } = copy;
  if (!Array.isArray(required) || typeof properties !== "object" || properties === null) return copy;
  const inFiles = required.filter((member: unknown) => `${String(member)}File` in properties);
  if (inFiles.length === 0) return copy;
  copy["required"] = required.filter((member: unknown) => !inFiles.includes(member));
  copy["allOf"] = inFiles.map((member: unknown) => ({
    oneOf: [having({ [String(member)]: {} }), having({ [`${String(member)}File`]: {} })],
  }));
  return copy;
}

/** JSON Schema: an object with these members, whatever else. Some readers know `required` only beside `type` and `properties`. */
function having(properties: Record<string, JsonSchema>): JsonSchema {
  return { type: "object", properties, required: Object.keys(properties) };
}
