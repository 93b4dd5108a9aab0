import { describe, expect, test } from "vitest";
import { type Need, needOf } from "../../../src/core/byte-test.ts";
import { createCelCompiler } from "../../../src/core/cel.ts";
import { compileNeed } from "../../../src/core/need-search.ts";
import { compileTopics, topicPatternProblem } from "../../../src/core/topic-pattern.ts";

const cel = createCelCompiler("rule");
/** The texts in a need, each once, with the member that they are asked as the value of. */
function textsOf(need: Need): readonly string[] {
  if (need.kind === "text") return [need.member === undefined ? need.text : `"${need.member}":${need.text}`];
  const parts = need.kind === "within" ? [...need.anchors, need.rest] : need.of;
  return [...new Set(parts.flatMap(textsOf))];
}

const needed = (expression: string): readonly string[] | undefined => {
  const need = needOf(cel.compile(expression, "test", "bool").ast);
  return need === undefined ? undefined : textsOf(need);
};

describe("what the bytes must hold", () => {
  test.each([
    ['body.state == "alerting"', ['"state":"alerting"']],
    ['body["state"] == "alerting"', ['"state":"alerting"']],
    ['body["sta\\nte"] == "alerting"', ['"alerting"']],
    ['body.states[0] == "alerting"', ['"alerting"']],
    ['body == "alerting"', ['"alerting"']],
    ['"alerting" == body.ps[0].state', ['"state":"alerting"']],
    ['body.state in ["alerting", "offering"]', ['"state":"alerting"', '"state":"offering"']],
    ['"alerting" in body.states', ["alerting"]],
    ["has(body.participants)", ['"participants"']],
    ['body.name.startsWith("prefix")', ["prefix"]],
    ['body.ps.exists(p, p.state == "alerting")', ['"state":"alerting"']],
    ['body.ps.exists(p, p == "alerting")', ['"alerting"']],
    ['body.ps.filter(p, has(p.x)).exists(p, p.state == "alerting")', ['"state":"alerting"']],
    [
      'body.ps.exists(p, p.kind == "acd" && has(p.state) && p.state == "alerting")',
      ['"kind":"acd"', '"state":"alerting"'],
    ],
    ['body.ps.exists(p, p.kind == "acd" && body.state == "alerting")', ['"state":"alerting"']],
    ['topic == "x" && body.state == "alerting"', ['"state":"alerting"']],
    ['body.a == "first" || body.b == "second"', ['"a":"first"', '"b":"second"']],
    ['has(body.flag) ? body.a == "first" : body.b == "second"', ['"a":"first"', '"b":"second"']],
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

describe("the search for a need", () => {
  const find = (expression: string, text: string): boolean | undefined => {
    const need = needOf(cel.compile(expression, "test", "bool").ast);
    return need && compileNeed(need)(text);
  };

  test.each([
    ['{"state":"alerting"}', true],
    ['{"x":[1,{"state" : \t\r\n"alerting"}]}', true],
    ['{"initialState":"alerting"}', false],
    ['{"state":"x","y":"alerting"}', false],
    ['{"state":["alerting"]}', false],
    ['{"state":"alertingly"}', false],
    ['{"state":"offering"}', true],
    ["", false],
  ])("of a value under its name, in %s: %s", (text, wanted) => {
    expect(find('body.state in ["alerting", "offering"]', text)).toBe(wanted);
  });

  const inOne = 'body.ps.exists(p, p.kind in ["acd", "ivr"] && p.calls.exists(c, c.state == "on"))';
  test.each([
    ['{"ps":[{"calls":[{"x":"}"},{"state":"on"}],"kind":"acd"}]}', true],
    ['{"ps":[{"calls":[{"state":"on"}],"a":"{[","kind":"acd"}]}', true],
    ['{"ps":[{"kind":"acd","a":"]}","calls":[{"state":"on"}]}]}', true],
    ['{"ps":[{"kind":"x"},{"a":{"b":"{"},"kind":"ivr","n":"]}","calls":[{"state":"on"}]}]}', true],
    ['{"ps":[{"kind":"acd","calls":[{"state":"off"}]},{"kind":"agent","calls":[{"state":"on"}]}]}', false],
    ['{"ps":[{"kind":"agent","calls":[{"state":"on"}]},{"x":[{}],"kind":"acd"}],"state":"on"}', false],
    [`{"ps":[${'{"kind":"acd"},'.repeat(8)}{"kind":"acd"}]}`, true],
    ['"kind":"acd"', false],
    ['","kind":"acd","x', false],
  ])("of one object, in %s: %s", (text, wanted) => {
    expect(find(inOne, text)).toBe(wanted);
  });

  test("of several needs together, and of one of them", () => {
    const both = 'body.state == "alerting" && body.kind == "outbound"';
    expect(find(both, '{"kind":"outbound","state":"alerting"}')).toBe(true);
    expect(find(both, '{"state":"alerting"}')).toBe(false);
    const either = '(body.state == "alerting" && body.kind == "outbound") || body.text.contains("(+)")';
    expect(find(either, '{"state":"alerting"}')).toBe(false);
    expect(find('"a(+)|b." in body.list', '{"list":["a(+)|b."]}')).toBe(true);
    expect(find('"a(+)|b." in body.list', '{"list":["a+|bc"]}')).toBe(false);
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
