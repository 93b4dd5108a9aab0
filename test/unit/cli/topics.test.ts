import { describe, expect, test } from "vitest";
import { builtInTopics, readTopics, singleTopics, templateOf } from "../../../src/cli/topics/catalogue.ts";
import { byPatterns, withWords } from "../../../src/cli/topics/choose.ts";
import { topicColumns, topicLines } from "../../../src/cli/topics/report.ts";
import { describeRequirements, judge, type Requirements } from "../../../src/cli/topics/requirement.ts";
import { columnsOf, painter } from "../../../src/cli/text.ts";
import { wrap } from "../../../src/cli/wrap.ts";

const plain = painter(false);

/** An entity as the platform lists it. */
function requirementsOf(entity: object): Requirements {
  const [topic] = readTopics({ entities: [{ id: "v2.a", ...entity }] }) ?? [];
  return topic?.requirements ?? { rule: "all", conditions: [] };
}

describe("what a topic needs", () => {
  const holding =
    (...held: string[]) =>
    (permission: string) =>
      held.includes(permission);
  const detail = (type: string, ...permissions: string[]) => ({ type, permissions, enforced: true });

  test("is nothing where the platform enforces nothing", () => {
    const entity = { enforced: false, permissionDetails: [detail("requiresPermissions", "a:b:view")] };
    expect(judge(requirementsOf(entity), holding())).toEqual({ kind: "met" });
  });

  test("is all of its permissions, and those that are missing are named", () => {
    const needs = requirementsOf({ permissionDetails: [detail("requiresPermissions", "a:b:view", "c:d:view")] });
    expect(judge(needs, holding("a:b:view"))).toEqual({ kind: "missing", rule: "all", permissions: ["c:d:view"] });
    expect(judge(needs, holding("a:b:view", "c:d:view"))).toEqual({ kind: "met" });
    expect(describeRequirements(needs)).toBe("all of a:b:view, c:d:view");
  });

  test("is one of several where it says any", () => {
    const needs = requirementsOf({
      permissionDetails: [detail("requiresAnyDivisionPermissions", "a:b:view", "c:d:view")],
    });
    expect(judge(needs, holding("c:d:view"))).toEqual({ kind: "met" });
    expect(judge(needs, holding())).toEqual({ kind: "missing", rule: "any", permissions: ["a:b:view", "c:d:view"] });
  });

  test("is out of reach where only the user in person may subscribe, unless a permission does as well", () => {
    const details = [detail("requiresCurrentUser"), detail("requiresPermissions", "a:b:view")];
    expect(judge(requirementsOf({ permissionDetails: details }), holding("a:b:view")).kind).toBe("never");
    const either = requirementsOf({ permissionDetails: details, requiresAnyValidator: true });
    expect(judge(either, holding("a:b:view"))).toEqual({ kind: "met" });
    expect(judge(either, holding())).toEqual({ kind: "missing", rule: "all", permissions: ["a:b:view"] });
    expect(judge(requirementsOf({ requiresCurrentUser: true }), holding()).kind).toBe("never");
  });

  test("is read from the flat members of older answers too", () => {
    const needs = requirementsOf({ requiresPermissions: ["a:b:view"] });
    expect(judge(needs, holding())).toEqual({ kind: "missing", rule: "all", permissions: ["a:b:view"] });
  });
});

describe("the list of topics", () => {
  test("of ringfirst itself is sorted and leaves out what nobody can subscribe to", () => {
    const ids = builtInTopics().map(({ id }) => id);
    expect(ids.length).toBeGreaterThan(200);
    expect(ids).toEqual(ids.toSorted((a, b) => (a < b ? -1 : 1)));
    expect(ids.filter((id) => id.startsWith("v2.system"))).toEqual([]);
  });

  test("finds the template of concrete topics and of those with {*}, without regard to case", () => {
    const topics = builtInTopics();
    expect(templateOf("v2.users.{*}.PRESENCE", topics)?.id).toBe("v2.users.{id}.presence");
    expect(templateOf("v2.users.4711.routingstatus", topics)?.id).toBe("v2.users.{id}.routingStatus");
    expect(templateOf("v2.users.4711.nothing", topics)).toBeUndefined();
    expect(templateOf("v2.users.presence", topics)).toBeUndefined();
  });

  test("prefers a template with words of its own to one with more places", () => {
    const topics = readTopics([{ id: "v2.{id}.x" }, { id: "v2.chats.x" }]) ?? [];
    expect(templateOf("v2.chats.x", topics)?.id).toBe("v2.chats.x");
  });

  test("takes a combined topic apart", () => {
    expect(singleTopics("v2.users.1?presence&station")).toEqual(["v2.users.1.presence", "v2.users.1.station"]);
    expect(singleTopics("v2.users.1.presence")).toEqual(["v2.users.1.presence"]);
  });

  test.each([[undefined], [null], [3], ["x"], [{}], [{ entities: 3 }]])(
    "an answer that is none, %j, is said to be none",
    (json) => {
      expect(readTopics(json)).toBeUndefined();
    },
  );

  test("is read where entities are anything", () => {
    expect(
      readTopics({ entities: [null, 3, { id: 3 }, { id: "v2.a", transports: "x", permissionDetails: [null] }] }),
    ).toMatchObject([{ id: "v2.a", transports: [], description: "" }]);
  });
});

describe("choosing", () => {
  const topics =
    readTopics([{ id: "v2.users.{id}.presence", description: "Who is there" }, { id: "v2.users.{id}.station" }]) ?? [];

  test("by words looks for all of them, in names and descriptions", () => {
    expect(withWords(topics, ["WHO", "users"]).map(({ id }) => id)).toEqual(["v2.users.{id}.presence"]);
    expect(withWords(topics, [])).toHaveLength(2);
  });

  test("by patterns takes braces and dots as they are, and tells what fits nothing", () => {
    expect(byPatterns(topics, ["v2.users.{id}.pres*"]).topics).toHaveLength(1);
    expect(byPatterns(topics, ["v2.users.*"]).topics).toHaveLength(2);
    expect(byPatterns(topics, ["v2xusers*", "*station"])).toMatchObject({ unmatched: ["v2xusers*"] });
  });
});

describe("showing topics", () => {
  const [topic] =
    readTopics([
      {
        id: "v2.a",
        description: "One\u001B[31m red",
        transports: ["Websocket", "EventBridge"],
        requiresPermissions: ["a:b:view"],
      },
    ]) ?? [];

  test("on a terminal stays within its width and shows no foreign escapes", () => {
    const lines = topicLines(topic === undefined ? [] : [topic], 40, plain);
    expect(lines).toEqual(["v2.a", "    One·[31m red", "    needs a:b:view", "    over  Websocket, EventBridge"]);
  });

  test("elsewhere is one line with tabs", () => {
    expect(topic && topicColumns(topic)).toBe("v2.a\ta:b:view\tWebsocket,EventBridge\tOne·[31m red");
  });
});

describe("wrapping", () => {
  test("breaks at blanks, indents what follows, and breaks words that are too long", () => {
    expect(wrap("one two three four five six", 24, "  > ")).toEqual(["  > one two three four five", "    six"]);
    expect(wrap("x".repeat(30), 24)).toEqual(["x".repeat(24), "x".repeat(6)]);
    expect(wrap("one two", undefined, "> ")).toEqual(["> one two"]);
  });

  test("never exceeds the width", () => {
    const lines = wrap("a 語語語語語語語語語語語語語語語語 bb ".repeat(9), 30, "    ");
    expect(Math.max(...lines.map(columnsOf))).toBeLessThanOrEqual(30);
  });
});
