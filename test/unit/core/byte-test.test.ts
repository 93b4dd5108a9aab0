import { describe, expect, test } from "vitest";
import { needOf, textsOf } from "../../../src/core/byte-test.ts";
import { createCelCompiler } from "../../../src/core/cel.ts";
import { createTextSearch } from "../../../src/core/text-search.ts";
import { compileTopics, topicPatternProblem } from "../../../src/core/topic-pattern.ts";

const cel = createCelCompiler("rule");
const needed = (expression: string): readonly string[] | undefined => {
  const need = needOf(cel.compile(expression, "test", "bool").ast);
  return need === undefined ? undefined : textsOf(need);
};

describe("what the bytes must hold", () => {
  test.each([
    ['body.state == "alerting"', ['"alerting"']],
    ['"alerting" == body.ps[0].state', ['"alerting"']],
    ['body.state in ["alerting", "offering"]', ['"alerting"', '"offering"']],
    ['"alerting" in body.states', ["alerting"]],
    ["has(body.participants)", ['"participants"']],
    ['body.name.startsWith("prefix")', ["prefix"]],
    ['body.ps.exists(p, p.state == "alerting")', ['"alerting"']],
    ['body.ps.filter(p, has(p.x)).exists(p, p.state == "alerting")', ['"alerting"']],
    ['topic == "x" && body.state == "alerting"', ['"alerting"']],
    ['body.a == "first" || body.b == "second"', ['"first"', '"second"']],
    ['has(body.flag) ? body.a == "first" : body.b == "second"', ['"first"', '"second"']],
    ['body.ps.all(p, p.state == "alerting")', ['"ps"']],
    ["body.flagged", ['"flagged"']],
    ["body.duration > 5", ['"duration"']],
    ['body.state != "alerting"', ['"state"']],
    ['!(body.state == "alerting")', ['"state"']],
  ])("for %s to be true: %j", (expression, wanted) => {
    expect(needed(expression)).toEqual(wanted);
  });

  test.each([
    'topic == "alerting"',
    'body.state == "alerting" || topic == "x"',
    'body.a + "ing" == "alerting"',
    'body.?state.orValue("alerting") == "alerting"',
    'cel.bind(state, body.state, state == "alerting")',
    '["alerting"].exists(body, body == "alerting")',
    'body == "\\u00e9\\n"',
    'body.x == "a"',
    "true",
  ])("nothing is asked for %s", (expression) => {
    const texts = needed(expression) ?? [];
    expect(texts.filter((text) => text.includes("alerting"))).toEqual([]);
    expect(texts.length).toBe(0);
  });
});

describe("the search for many texts", () => {
  test("finds each wherever it stands, overlapping and at the ends", () => {
    const search = createTextSearch(["abcd", "bcde", "zzzzzzzz", "dexy"]);
    const find = (text: string): readonly number[] => [...search.find(new TextEncoder().encode(text))];
    expect(find("abcdexy")).toEqual([1, 1, 0, 1]);
    expect(find("zzzzzzzzz")).toEqual([0, 0, 1, 0]);
    expect(find("abc")).toEqual([0, 0, 0, 0]);
    expect(find("")).toEqual([0, 0, 0, 0]);
  });
});

describe("topic patterns", () => {
  test.each([
    ["v2.users.*.presence", "v2.users.u-1.presence", true],
    ["v2.users.*.presence", "V2.USERS.u-1.Presence", true],
    ["v2.users.*.presence", "v2.users.a.b.presence", false],
    ["v2.users.*.presence", "v2.users.presence", false],
    ["v2.users.*", "v2.users.", true],
    ["presence:status", "presence:status", true],
    ["*", "anything", true],
    ["*", "two.segments", false],
  ])("%s and %s: %s", (pattern, topic, wanted) => {
    expect(compileTopics([pattern]).matches(topic)).toBe(wanted);
  });

  test("no patterns match every topic", () => {
    expect(compileTopics(undefined).matches("")).toBe(true);
    expect(compileTopics([]).matches("x")).toBe(true);
  });

  test.each(["", "a b", "v2.{id}", "v2.u*.x", "x".repeat(501)])("%j is no pattern", (pattern) => {
    expect(topicPatternProblem(pattern)).toEqual(expect.any(String));
  });
});
