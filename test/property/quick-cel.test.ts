import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type CelContext, createCelCompiler, EventFacts } from "../../src/core/cel.ts";
import { decisionOf, translateCel } from "../../src/core/quick-cel.ts";

// The reference is the CEL package itself, on the same values: true, false, or undefined where it throws or gives something else.

const cel = createCelCompiler("sink");

const scalars = fc.constantFrom<unknown>(
  "a",
  "b",
  "",
  "é😀",
  "2026-01-01T00:00:00Z",
  "2036-01-01T00:00:00.000Z",
  "2026-13-01T00:00:00Z",
  0,
  -0,
  1,
  2,
  -1,
  1.5,
  1e300,
  true,
  false,
  null,
);
const names = fc.constantFrom(
  "x",
  "y",
  "items",
  "0",
  "1",
  "a",
  "b",
  "__proto__",
  "constructor",
  "length",
  "size",
  "get",
);
const { value: values } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    { weight: 3, arbitrary: scalars },
    fc.array(tie("value"), { maxLength: 3 }),
    fc
      .dictionary(names, tie("value"), { maxKeys: 4, noNullPrototype: true })
      // As the body's view gives it: an object with a member of this name is a map.
      .map((object) => (Object.hasOwn(object, "constructor") ? new Map(Object.entries(object)) : object)),
  ),
}));
const things = fc.oneof({ weight: 3, arbitrary: scalars }, values);
const records = fc.record({ x: things, y: things, items: fc.array(things, { maxLength: 3 }) });
const bodies = fc.oneof(
  values,
  { weight: 4, arbitrary: fc.record({ x: things, y: things, items: fc.array(records, { maxLength: 4 }) }) },
  fc.record({ x: records, y: records, items: fc.array(values, { maxLength: 4 }) }, { requiredKeys: [] }),
);

const literals = fc.constantFrom('"a"', '"b"', '""', "0", "1", "-1", "1.5", "-0.0", "true", "false", "null");
const members = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(".x", ".y", ".items") },
  fc.constantFrom(".length", ".size", ".constructor", '["x"]', '["0"]', '["__proto__"]', "[0]", "[1]"),
);
const { condition: conditions } = fc.letrec<{ condition: string; operand: string; path: string; list: string }>(
  (tie) => ({
    path: fc
      .tuple(fc.constantFrom("body", "body", "p", "q"), fc.array(members, { size: "xsmall", maxLength: 3 }))
      .map(([root, steps]) => `${root}${steps.join("")}`),
    list: fc.array(literals, { maxLength: 3 }).map((items) => `[${items.join(", ")}]`),
    operand: fc.oneof(
      { weight: 5, arbitrary: tie("path") },
      { weight: 3, arbitrary: literals },
      fc.constantFrom(
        "topic",
        "class",
        "key",
        "event.source",
        "event.origin",
        "event.correlationId",
        "event.receivedAt",
      ),
      tie("path").map((path) => `size(${path})`),
      tie("path").map((path) => `${path}.size()`),
      tie("path").map((path) => `timestamp(${path})`),
      tie("list"),
      fc.tuple(tie("condition"), tie("path"), tie("path")).map(([ask, yes, no]) => `(${ask} ? ${yes} : ${no})`),
    ),
    condition: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc
        .tuple(tie("operand"), fc.constantFrom("==", "!=", "<", "<=", ">", ">=", "in"), tie("operand"))
        .map((parts) => parts.join(" ")),
      fc.tuple(tie("path"), tie("list")).map(([value, list]) => `${value} in ${list}`),
      fc
        .tuple(
          fc.constantFrom("body", "p", "q"),
          fc.array(fc.constantFrom(".x", ".y", ".items", ".length", ".get"), { minLength: 1, maxLength: 3 }),
        )
        .map(([root, steps]) => `has(${root}${steps.join("")})`),
      fc
        .tuple(tie("path"), fc.constantFrom("startsWith", "endsWith", "contains"), tie("operand"))
        .map(([text, called, part]) => `${text}.${called}(${part})`),
      tie("path"),
      {
        weight: 3,
        arbitrary: fc
          .tuple(tie("condition"), fc.constantFrom("&&", "||"), tie("condition"))
          .map(([left, sign, right]) => `(${left} ${sign} ${right})`),
      },
      tie("condition").map((inner) => `!(${inner})`),
      fc
        .tuple(tie("condition"), tie("condition"), tie("condition"))
        .map(([ask, yes, no]) => `(${ask} ? ${yes} : ${no})`),
      {
        weight: 2,
        arbitrary: fc
          .tuple(
            tie("path"),
            fc.constantFrom("exists", "all"),
            fc.constantFrom("p", "q", "body", "topic"),
            tie("condition"),
          )
          .map(([list, called, variable, inner]) => `${list}.${called}(${variable}, ${inner})`),
      },
    ),
  }),
);

/** With loops around, so that `p` and `q` are known. */
const expressions = fc.oneof(
  conditions,
  conditions.map((inner) => `body.items.exists(p, ${inner})`),
  conditions.map((inner) => `body.items.all(q, body.x.exists(p, ${inner}))`),
);

function compiled(expression: string): ReturnType<typeof cel.compile> | undefined {
  try {
    return cel.compile(expression, "generated", "bool");
  } catch {
    return undefined;
  }
}

function plainly(program: ReturnType<typeof cel.compile>, context: CelContext): boolean | undefined {
  try {
    const value = program.run(context);
    return typeof value === "boolean" ? value : undefined;
  } catch {
    return undefined;
  }
}

const contextOf = (body: unknown): CelContext => ({
  topic: "a",
  body,
  event: new EventFacts("b", "live", "", Date.parse("2026-06-01T00:00:00Z")),
  class: "a",
  key: "",
});

test("closures decide as the package does, failures included", () => {
  const seen = { translated: 0, decided: 0, yes: 0, no: 0, failed: 0 };
  fc.assert(
    fc.property(expressions, fc.array(bodies, { minLength: 1, maxLength: 5 }), (expression, list) => {
      const program = compiled(expression);
      fc.pre(program !== undefined);
      const quick = translateCel(program.ast);
      const decide = decisionOf(program);
      if (quick !== undefined) seen.translated += 1;
      for (const body of list) {
        const context = contextOf(body);
        const wanted = plainly(program, context);
        expect(decide(context)).toBe(wanted);
        seen[wanted === undefined ? "failed" : wanted ? "yes" : "no"] += 1;
        if (quick === undefined) continue;
        let answer: boolean | undefined;
        try {
          answer = quick(context);
        } catch (error) {
          expect(typeof error).toBe("symbol");
          continue;
        }
        seen.decided += 1;
        expect(answer).toBe(wanted);
      }
    }),
    { numRuns: 5_000, maxSkipsPerRun: 1_000 },
  );
  // The comparison is worth something only where all of this happens, and often.
  expect(seen.translated).toBeGreaterThan(3_000);
  for (const kind of ["decided", "yes", "no", "failed"] as const) expect(seen[kind]).toBeGreaterThan(500);
});

test.each([
  'body.x.exists(p, has(p.y) && p.y in ["a", "b"] || p.n > 3)',
  'topic == "t" && event.source == "s" && event.receivedAt >= timestamp(body.t)',
  'body.y.startsWith("a") ? size(body.x) == 2 : !body.z',
])("%s is translated", (expression) => {
  const program = cel.compile(expression, "test", "bool");
  expect(translateCel(program.ast)).toBeDefined();
});

test.each(["body.x + 1 == 2", 'body.?x.orValue("") == "a"', 'cel.bind(v, body.x, v == "a")', 'body.x.matches("a")'])(
  "%s is left to the package",
  (expression) => {
    const program = cel.compile(expression, "test", "bool");
    expect(translateCel(program.ast)).toBeUndefined();
  },
);
