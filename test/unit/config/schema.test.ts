import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { didYouMean } from "../../../src/config/problem.ts";
import { configJsonSchema } from "../../../src/config/schema.ts";
import { MEMBERS } from "../../../src/config/shape.ts";

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly additionalProperties?: unknown;
}

/** Names of members by place, read from the schema; alternatives put together. */
function membersOf(schema: Schema, path = "", found = new Map<string, Set<string>>()): Map<string, Set<string>> {
  for (const branch of [schema.items, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]) {
    if (branch !== undefined) membersOf(branch, path, found);
  }
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    const names = found.get(path) ?? new Set();
    found.set(path, names.add(name));
    membersOf(member, path === "" ? name : `${path}.${name}`, found);
  }
  return found;
}

test("the published JSON Schema is the one in code", () => {
  expect(JSON.parse(readFileSync("docs/ringfirst.schema.json", "utf8"))).toEqual(configJsonSchema());
});

test("suggestions know every member of the schema, and no other", () => {
  const wanted = Object.fromEntries(
    [...membersOf(configJsonSchema() as Schema)].map(([path, names]) => [
      path,
      [...names].filter((name) => name !== "$schema").sort(),
    ]),
  );
  expect(Object.fromEntries(Object.entries(MEMBERS).map(([path, names]) => [path, [...names].sort()]))).toEqual(wanted);
});

describe("the JSON Schema, as an editor applies it", () => {
  const schema = z.fromJSONSchema(configJsonSchema());
  const source = { name: "a", type: "http" };
  const sink = { name: "log", type: "ndjson" };

  test("takes references where numbers stand", () => {
    expect(schema.safeParse({ sources: [source], sinks: [sink], server: { port: "${PORT}" } }).success).toBe(true);
    expect(schema.safeParse({ sources: [source], sinks: [sink], server: { port: "x" } }).success).toBe(false);
  });

  test("wants the region of a genesys source, or both endpoints", () => {
    const genesys = { name: "a", type: "genesys", clientId: "x", clientSecret: "y", topics: ["v2.users.1.presence"] };
    const taken = (more: object): boolean =>
      schema.safeParse({ sources: [{ ...genesys, ...more }], sinks: [sink] }).success;
    expect(taken({ region: "us-east-1" })).toBe(true);
    expect(taken({ endpoints: { login: "http://127.0.0.1:1", api: "http://127.0.0.1:1" } })).toBe(true);
    expect(taken({ region: "us-east-1", endpoints: { api: "http://127.0.0.1:1" } })).toBe(true);
    expect(taken({ endpoints: { api: "http://127.0.0.1:1" } })).toBe(false);
    expect(taken({})).toBe(false);
  });

  test("wants the client secret, or the file that holds it, and not both", () => {
    const source = { name: "a", type: "platform-websocket", region: "us-east-1", clientId: "x" };
    const taken = (more: object): boolean =>
      schema.safeParse({ sources: [{ ...source, ...more }], sinks: [sink] }).success;
    expect(taken({ clientSecret: "y" })).toBe(true);
    expect(taken({ clientSecretFile: "y" })).toBe(true);
    expect(taken({ clientSecret: "y", clientSecretFile: "y" })).toBe(false);
    expect(taken({})).toBe(false);
  });

  test("refuses members that there are not", () => {
    expect(schema.safeParse({ sources: [source], sinks: [sink], extra: 1 }).success).toBe(false);
  });
});

test.each([
  ["timeOutMs", '; did you mean "timeoutMs"?'],
  ["client_secret", '; did you mean "clientSecret"?'],
  ["tiemoutMs", '; did you mean "timeoutMs"?'],
  ["nothing like it", ""],
])("%s%s", (found, wanted) => {
  expect(didYouMean(found, ["timeoutMs", "clientSecret", "url"])).toBe(wanted);
});

test("the rules file beside the schema is a valid list of rules", () => {
  const { rules } = parse(readFileSync("docs/default-rules.yaml", "utf8")) as { rules: unknown };
  const schema = z.fromJSONSchema(configJsonSchema());
  const config = { sources: [{ name: "a", type: "http" }], sinks: [{ name: "log", type: "ndjson" }], rules };
  expect(schema.safeParse(config).error).toBeUndefined();
});
