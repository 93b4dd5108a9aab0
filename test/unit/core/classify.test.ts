import { describe, expect, test } from "vitest";
import { type ClassifyInput, compileRules } from "../../../src/core/classify.ts";
import { compileCondition } from "../../../src/core/condition.ts";
import { DEFAULT_CLASSES, type Rule } from "../../../src/core/rule.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const inputOf = (body: unknown, more: Partial<ClassifyInput> = {}): ClassifyInput => ({
  topic: "v2.users.u.presence",
  body: encode(typeof body === "string" ? body : JSON.stringify(body)),
  encoding: "json",
  source: "main",
  origin: "live",
  receivedAt: 1_000,
  key: "wire",
  ...more,
});
const compile = (...rules: Rule[]) => compileRules(rules, DEFAULT_CLASSES);
const rule = (more: Partial<Rule>): Rule => ({ name: "r", class: "critical", ...more });

describe("rules", () => {
  test("the first that matches wins, and the last class is for the rest", () => {
    const classifier = compile(
      rule({ name: "a", when: "body.n > 5", class: "high" }),
      rule({ name: "b", when: "body.n > 3", ttlMs: 50 }),
    );
    expect(classifier.classify(inputOf({ n: 9 }))).toMatchObject({ class: "high", ruleIndex: 0, ttlMs: undefined });
    expect(classifier.classify(inputOf({ n: 4 }))).toMatchObject({ class: "critical", ruleIndex: 1, ttlMs: 50 });
    expect(classifier.classify(inputOf({ n: 1 }))).toMatchObject({ class: "standard", ruleIndex: -1, key: "wire" });
  });

  test("a rule that fails does not match, is counted, and the event goes on to the next", () => {
    const classifier = compile(rule({ name: "a", when: "body.a.b > 1" }), rule({ name: "b", class: "high" }));
    expect(classifier.classify(inputOf({ a: { b: "text" } }))).toMatchObject({ class: "high", ruleErrors: 1 });
    expect(classifier.explain(inputOf({})).steps).toEqual([
      { rule: "a", matched: false, reason: "when: No such key: a" },
      { rule: "b", matched: true, reason: "matches every event" },
    ]);
  });

  test.each(["{", "", "\u0000", "[[[[", '{"state":"x"', "nul"])(
    "a body that is no JSON (%j) has a class and a reason",
    (body) => {
      const classifier = compile(rule({ when: 'body.state == "x"' }));
      expect(classifier.classify(inputOf(body)).class).toBe("standard");
      expect(classifier.explain(inputOf(body)).steps[0]?.reason).toContain("the body is not JSON");
    },
  );

  test("deep and long bodies are not parsed", () => {
    const classifier = compileRules([rule({ when: "body != null" })], DEFAULT_CLASSES, {
      maxDepth: 3,
      maxBodyBytes: 50,
    });
    expect(classifier.classify(inputOf("[[[1]]]")).class).toBe("critical");
    expect(classifier.explain(inputOf("[[[[1]]]]")).steps[0]?.reason).toBe(
      "when: false (the body is nested deeper than 3)",
    );
    expect(classifier.explain(inputOf(`["${"x".repeat(60)}"]`)).steps[0]?.reason).toContain("more than 50 bytes");
  });

  test("members named __proto__ and constructor are members like others", () => {
    const classifier = compile(
      rule({ name: "a", when: 'body.p.state == "x" && body["__proto__"].y == 1', key: "body.constructor" }),
    );
    const body = '{"constructor":"key","__proto__":{"y":1},"p":{"constructor":null,"state":"x"}}';
    expect(classifier.classify(inputOf(body))).toMatchObject({ class: "critical", key: "key", ruleErrors: 0 });
    expect("y" in {}).toBe(false);
  });

  test("numbers of JSON and of expressions go together", () => {
    const classifier = compile(
      rule({ when: "body.n * 2 + 1 == 11 && 1 + body.n > 5.5 && body.n / 2 < 3 && body.n in [5]" }),
    );
    expect(classifier.classify(inputOf({ n: 5 }))).toMatchObject({ class: "critical", ruleErrors: 0 });
  });

  test("the event itself can be asked: source, origin, correlation id, arrival", () => {
    const when =
      'event.source == "main" && event.origin == "live" && event.correlationId == "x" && event.receivedAt < timestamp("1970-01-01T00:00:02Z")';
    expect(compile(rule({ when })).classify(inputOf({}, { correlationId: "x" })).class).toBe("critical");
  });

  test("text is seen as text, binary as nothing", () => {
    const classifier = compile(rule({ when: 'body == "state"' }));
    expect(classifier.classify(inputOf("state", { encoding: "text" })).class).toBe("critical");
    expect(classifier.classify(inputOf("state", { encoding: "binary" })).class).toBe("standard");
    expect(classifier.classify(inputOf('"state"')).class).toBe("critical");
  });
});

describe("keys", () => {
  test.each([
    ["topic", {}, "v2.users.u.presence"],
    ["body.id", { id: "c-1" }, "c-1"],
    ["body.a.b", { a: { b: "deep" } }, "deep"],
    ["body.id", { id: 7 }, "wire"],
    ["body.id", { id: null }, "wire"],
    ["body.id", {}, "wire"],
    ["body.id", { id: "" }, ""],
    ['body.id + "/" + topic', { id: "c" }, "c/v2.users.u.presence"],
    ['"fixed"', {}, "fixed"],
    ['body.?id.orValue("none")', {}, "none"],
  ])("%s of %j is %s", (key, body, wanted) => {
    expect(compile(rule({ key })).classify(inputOf(body))).toMatchObject({ key: wanted, ruleErrors: 0 });
  });

  test("a body that turns out not to be JSON keeps its conversation together", () => {
    expect(compile(rule({ key: "body.id" })).classify(inputOf('{"id":"c-1","x":[tru]}')).key).toBe("c-1");
  });

  test("a failing coalescing key coalesces nothing", () => {
    const classifier = compile(rule({ coalesceKey: "body.a + topic" }));
    expect(classifier.classify(inputOf({ a: 5 }))).toMatchObject({ coalesceKey: undefined, ruleErrors: 1 });
    expect(classifier.classify(inputOf({ a: "5" })).coalesceKey).toBe("5v2.users.u.presence");
  });
});

describe("what can't be compiled", () => {
  test.each<[Partial<Rule>, string, string]>([
    [
      { when: "bdy.x" },
      "when",
      'rule "r": when: Unknown variable: bdy; known are topic, body, event, at 1:1 in: bdy.x',
    ],
    [{ when: "true &&\n event.sorce == 1" }, "when", "at 2:"],
    [{ when: "body.x ==" }, "when", "Unexpected token: EOF"],
    [{ when: "topic" }, "when", "gives string where bool is expected"],
    [{ key: "1 + 1" }, "key", "gives int where string is expected"],
    [{ coalesceKey: "class" }, "coalesceKey", "Unknown variable: class"],
    [{ class: "urgent" }, "class", 'the class "urgent" is not configured; there are critical, high, standard'],
    [{ topics: ["v2.users.u*.presence"] }, "topics", '"*" stands for one whole segment'],
    [{ topics: ["v2.users.{*}.presence"] }, "topics", "no braces"],
    [{ ttlMs: 0 }, "ttlMs", "a number above 0"],
  ])("%j names the field and the place", (more, field, message) => {
    expect(() => compile(rule(more))).toThrow(
      expect.objectContaining({
        code: "RF_RULE_INVALID",
        message: expect.stringContaining(message) as string,
        details: expect.objectContaining({ field }) as unknown,
      }),
    );
  });
});

test("ten thousand rules beside each other compile and classify", () => {
  const rules = Array.from({ length: 10_000 }, (_, at) =>
    rule({ name: `r${at}`, when: `body.state == "s${at}"`, class: "high" }),
  );
  const classifier = compileRules(rules, DEFAULT_CLASSES);
  expect(classifier.classify(inputOf({ state: "s9999" })).ruleIndex).toBe(9_999);
  expect(classifier.classify(inputOf({ state: "none" })).ruleIndex).toBe(-1);
}, 20_000);

test("more topics than are remembered are still answered right", () => {
  const classifier = compile(rule({ topics: ["a.*"], class: "high" }));
  for (let at = 0; at < 30_000; at += 1) classifier.classify(inputOf("{}", { topic: `a.${at}` }));
  expect(classifier.classify(inputOf("{}", { topic: "a.1" })).class).toBe("high");
  expect(classifier.classify(inputOf("{}", { topic: `b.${"x".repeat(1_000)}` })).class).toBe("standard");
});

describe("conditions of sinks", () => {
  const classification = {
    class: "critical",
    key: "c-1",
    coalesceKey: undefined,
    ttlMs: undefined,
    ruleIndex: 0,
    ruleErrors: 0,
  };
  const ask = (when: string, body: unknown = {}) =>
    compileCondition(when, "sink crm: when").test(inputOf(body), classification);

  test("see class and key", () => {
    expect(ask('class == "critical" && key == "c-1"')).toEqual({ result: true });
    expect(ask('class == "high"')).toEqual({ result: false });
  });

  test("take the event when they fail, and say why", () => {
    expect(ask('body.x == "y"')).toEqual({ result: true, error: "No such key: x" });
    expect(ask("body.x", { x: 1 })).toEqual({ result: true, error: "gives no boolean" });
  });

  test("are refused with their name when they can't be compiled", () => {
    expect(() => compileCondition("clas == 1", "sink crm: when")).toThrow(
      /^sink crm: when: Unknown variable: clas; known are topic, body, event, class, key/u,
    );
  });
});
