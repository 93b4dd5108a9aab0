import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SchemaTopic } from "../../../src/cli/event-types/definitions.ts";
import { emitTypes } from "../../../src/cli/event-types/emit.ts";
import { compile } from "../../support/compile.ts";

const COMPILING = 90_000;

function topic(id: string, schema: SchemaTopic["schema"], description = ""): SchemaTopic {
  return { id, description, schema };
}

const URN = "urn:jsonschema:com:example:v2:";

/** As the platform writes them: identified where they come first, referred to later. */
const PRESENCE = topic("v2.users.{id}.presence", {
  id: `${URN}PresenceEventUserPresence`,
  type: "object",
  description: "A presence */ of a user",
  properties: {
    primary: { type: "boolean" },
    modifiedDate: { type: "string", format: "date-time" },
    presenceDefinition: {
      type: "object",
      id: `${URN}PresenceEventOrganizationPresence`,
      properties: { id: { type: "string" }, systemPresence: { type: "string", enum: ["AVAILABLE", "AWAY"] } },
    },
    future: { type: "object", $ref: `${URN}PresenceEventOrganizationPresence` },
    "odd-name": { type: ["string", "null"] },
    tags: { type: "array", items: { type: ["string", "integer"] } },
    attributes: { type: "object", additionalProperties: { type: "number" } },
    anything: { type: "any" },
  },
});

/** A type without the comments and blanks around it. */
function declarationOf(code: string, name: string): string {
  const found = new RegExp(
    String.raw`export interface ${name} \{[\s\S]*?\n\}|export type ${name} = [\s\S]*?;\n`,
    "u",
  ).exec(code)?.[0];
  return (found ?? `no ${name} in\n${code}`).trim();
}

describe("types from schemas", () => {
  test("name what has an identity, and refer to it", () => {
    const { code, types } = emitTypes([PRESENCE]);
    expect(types).toBe(2);
    expect(declarationOf(code, "PresenceEventUserPresence")).toBe(`export interface PresenceEventUserPresence {
  readonly anything?: unknown;
  readonly attributes?: { readonly [name: string]: number };
  readonly future?: PresenceEventOrganizationPresence;
  readonly modifiedDate?: string;
  readonly "odd-name"?: string | null;
  readonly presenceDefinition?: PresenceEventOrganizationPresence;
  readonly primary?: boolean;
  readonly tags?: readonly (string | number)[];
}`);
    expect(declarationOf(code, "PresenceEventOrganizationPresence")).toContain('systemPresence?: "AVAILABLE" | "AWAY"');
    expect(code).toContain('readonly "v2.users.{id}.presence": PresenceEventUserPresence;');
    expect(code).toContain("/** A presence * / of a user */");
  });

  test("are the same whatever the order of the topics and of the members", () => {
    const other = topic("v2.routing.queues.{id}.users", { type: "object", properties: { b: {}, a: {} } });
    const turned = topic("v2.routing.queues.{id}.users", { type: "object", properties: { a: {}, b: {} } });
    expect(emitTypes([PRESENCE, other]).code).toBe(emitTypes([turned, PRESENCE]).code);
    expect(emitTypes([PRESENCE]).code).not.toMatch(/20\d\d-\d\d/u);
  });

  test("of one identity in two topics are one type with what either says", () => {
    const user = (properties: object): object => ({ id: `${URN}User`, type: "object", properties });
    const { code } = emitTypes([
      topic("v2.a", {
        type: "object",
        properties: { user: user({ id: { type: "string" }, rank: { type: "integer" } }) },
      }),
      topic("v2.b", { type: "object", properties: { user: user({ rank: { type: "string" } }) } }),
      topic("v2.c", { type: "object", properties: { user: { id: `${URN}User`, type: "object" } } }),
    ]);
    expect(declarationOf(code, "User")).toBe(
      "export interface User {\n  readonly id?: string;\n  readonly rank?: number | string;\n}",
    );
  });

  test("take their members as always there only where the schema says so", () => {
    const { code } = emitTypes([
      topic("v2.a", { type: "object", required: ["one"], properties: { one: {}, two: {}, three: { required: true } } }),
    ]);
    expect(declarationOf(code, "A")).toBe(
      "export interface A {\n  readonly one: unknown;\n  readonly three: unknown;\n  readonly two?: unknown;\n}",
    );
  });

  test("combine: all of, any of, a constant, an object in place", () => {
    const { code } = emitTypes([
      topic("v2.a", {
        type: "object",
        properties: {
          all: {
            allOf: [
              { type: "object", properties: { x: { type: "string" } } },
              { anyOf: [{ type: "null" }, { const: 3 }] },
            ],
          },
          one: { oneOf: [{ type: "string" }, { type: "array", items: { enum: ["a", null, 1] } }] },
          never: false,
        },
      }),
    ]);
    const text = declarationOf(code, "A").replaceAll(/\s+/gu, " ");
    expect(text).toContain("all?: { readonly x?: string; } & (null | 3);");
    expect(text).toContain('one?: string | readonly ("a" | null | 1)[];');
    expect(text).toContain("never?: never;");
  });

  test(
    "compile under strict, whatever the names",
    async () => {
      const names = [
        "class",
        "2nd",
        "Straße",
        "__proto__",
        "constructor",
        "a b",
        "日本",
        "any",
        "Topic",
        "topic",
        "EventBodies",
        '"',
        "\\",
        "`${x}`",
        "*/",
      ];
      const schema = {
        type: "object",
        properties: Object.fromEntries(
          names.map((name) => [name, { id: `urn:x:${name}`, type: "object", properties: { [name]: {} } }]),
        ),
      };
      const emitted = emitTypes([
        ...names.map((name) => topic(`v2.${name}.{id}`, { type: "object", properties: {} }, name)),
        topic("v2.all", schema),
        PRESENCE,
      ]);
      expect(await compile({ "events.ts": emitted.code })).toBe("");
      expect(new Set(emitted.code.match(/^export (?:interface|type) (\w+)/gmu)).size).toBe(emitted.types + 3);
    },
    COMPILING,
  );

  test(
    "compile where schemas turn in circles",
    async () => {
      const { code } = emitTypes([
        topic("v2.self", { $ref: "#" }),
        topic("v2.tree", {
          id: `${URN}Tree`,
          type: "object",
          properties: { children: { type: "array", items: { $ref: `${URN}Tree` } } },
        }),
        topic("v2.lists", {
          definitions: { L: { type: "array", items: { $ref: "#/definitions/L" } } },
          $ref: "#/definitions/L",
        }),
        topic("v2.pair", {
          definitions: {
            A: { $ref: "#/definitions/B" },
            B: { anyOf: [{ $ref: "#/definitions/A" }, { type: "null" }] },
          },
          $ref: "#/definitions/A",
        }),
        topic("v2.lost", {
          type: "object",
          properties: { gone: { $ref: "urn:nowhere" }, away: { $ref: "#/definitions/Nothing" } },
        }),
        topic("v2.inner", {
          type: "object",
          properties: {
            a: { type: "object", properties: { deep: { $ref: "#/properties/b" } } },
            b: { type: "string" },
          },
        }),
      ]);
      expect(declarationOf(code, "Inner")).toContain("readonly deep?: B2;");
      expect(declarationOf(code, "Tree")).toContain("readonly children?: readonly Tree[];");
      expect(await compile({ "events.ts": code })).toBe("");
    },
    COMPILING,
  );

  test("stay small where references multiply", () => {
    const twice = { type: "object", properties: { x: { $ref: "#/properties/b" }, y: { $ref: "#/properties/b" } } };
    const names = Array.from({ length: 30 }, (_, at) => `N${at}`);
    const each = { anyOf: names.map((name) => ({ $ref: `#/definitions/${name}` })) };
    const { code } = emitTypes([
      topic("v2.twice", { type: "object", properties: { b: twice } }),
      topic("v2.thrice", { definitions: Object.fromEntries(names.slice(0, 12).map((name) => [name, each])), ...each }),
    ]);
    expect(code.length).toBeLessThan(10_000);
  });

  test("survive a schema that is deeper than any stack", () => {
    let schema: Record<string, unknown> = { type: "string" };
    for (let depth = 0; depth < 20_000; depth += 1) schema = { type: "array", items: schema };
    expect(emitTypes([topic("v2.deep", schema)]).code.length).toBeLessThan(5_000);
  });

  test(
    "compile for any schema at all",
    async () => {
      const word = fc.constantFrom("User", "user", "a-b", "id", "9", "class", "é", "");
      const id = fc.constantFrom("urn:x:User", "urn:x:Call", "urn:y:User", "https://e.example/Call.json");
      const { schema } = fc.letrec<{ schema: unknown; node: object }>((tie) => ({
        schema: fc.oneof({ maxDepth: 4, withCrossShrink: true }, fc.boolean(), tie("node")),
        node: fc.record(
          {
            id,
            $ref: fc.oneof(
              { weight: 3, arbitrary: id },
              {
                weight: 1,
                arbitrary: fc.constantFrom(
                  "#",
                  "#/definitions/User",
                  "#/definitions/9",
                  "Call",
                  "#/properties/id",
                  "#/items",
                  "#/anyOf/0",
                ),
              },
            ),
            type: fc.oneof(
              fc.constantFrom("string", "integer", "object", "array", "null", "any", 3, "x"),
              fc.uniqueArray(fc.constantFrom("string", "null", "array", "object")),
            ),
            enum: fc.array(fc.constantFrom("a", 'b"', 1, null, true, {})),
            properties: fc.dictionary(word, tie("schema"), { maxKeys: 4 }),
            required: fc.oneof(fc.boolean(), fc.array(word)),
            items: fc.oneof(tie("schema"), fc.array(tie("schema"), { maxLength: 3 })),
            additionalProperties: tie("schema"),
            anyOf: fc.array(tie("schema"), { maxLength: 3 }),
            allOf: fc.array(tie("schema"), { maxLength: 3 }),
            definitions: fc.dictionary(word, tie("schema"), { maxKeys: 3 }),
            nullable: fc.boolean(),
            description: fc.constantFrom("plain", "*/ evil();", "two\nlines"),
          },
          { requiredKeys: [] },
        ),
      }));
      const lists = fc.sample(fc.array(schema, { minLength: 1, maxLength: 4 }), { numRuns: 400, seed: 4 });
      const modules = lists.map((list, at): [string, string] => {
        const topics = list.flatMap((one, place) =>
          typeof one === "object" ? [topic(`v2.t${place}.{id}`, one as SchemaTopic["schema"])] : [],
        );
        // Every type is reached and read, so that a name without a type would be found.
        return [`m${at}.ts`, emitTypes(topics).code];
      });
      expect(await compile(Object.fromEntries(modules))).toBe("");
    },
    COMPILING,
  );
});
