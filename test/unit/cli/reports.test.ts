import type { SourceReport } from "../../../src/ports/service.ts";
import { describe, expect, test } from "vitest";
import { describeEvent } from "../../../src/cli/demo/describe.ts";
import { createLately } from "../../../src/cli/demo/lately.ts";
import { progressLine } from "../../../src/cli/demo/progress.ts";
import { exitCodeOfDemo, summarise, summaryLines } from "../../../src/cli/demo/summary.ts";
import { explanationLines } from "../../../src/cli/explain/report.ts";
import { statusLines } from "../../../src/cli/status/report.ts";
import { painter } from "../../../src/cli/text.ts";
import { sampleStatus } from "./fixtures/sample-status.ts";

const plain = painter(false);
const VERDICT = {
  produced: 900,
  sent: 812,
  delivered: 812,
  outstanding: 0,
  duplicates: 1,
  unknown: 0,
  orderViolations: 0,
};

describe("the demo's summary", () => {
  test("has exactly the members of the contract", () => {
    expect(summarise(sampleStatus(), VERDICT, 0, 20_049)).toEqual({
      produced: 900,
      received: 820,
      admitted: 820,
      delivered: 800,
      lost: 0,
      duplicates: 1,
      orderViolations: 0,
      seconds: 20,
      classes: {
        critical: { delivered: 42, waitMs: { p50: 0.21, p99: 1.8 } },
        high: { delivered: 310, waitMs: { p50: 0.3, p99: 4.2 } },
        standard: { delivered: 448, waitMs: { p50: 0, p99: 0 } },
      },
      reconciled: 0,
    });
  });

  test("states that were asked for are told apart from what was produced", () => {
    const status = sampleStatus();
    const reconciliation = { asking: 0, askedAt: 1, handedOn: 30, unchanged: 2, behind: 1, failed: 0 };
    const sources = status.sources.map((source) => ({ ...source, reconciliation }));
    const summary = summarise({ ...status, sources }, VERDICT, 29, 1_000);
    expect(summary).toMatchObject({ received: 790, admitted: 790, delivered: 771, reconciled: 29 });
    expect(summaryLines(summary, [], plain).join("\n")).toContain("29 states were asked for besides");
  });

  test("a loss or a swap is found (3), nothing received is a failure (1), a duplicate is neither", () => {
    const summary = summarise(sampleStatus(), VERDICT, 0, 1_000);
    expect(exitCodeOfDemo(summary)).toBe(0);
    expect(exitCodeOfDemo({ ...summary, lost: 1 })).toBe(3);
    expect(exitCodeOfDemo({ ...summary, orderViolations: 1 })).toBe(3);
    expect(exitCodeOfDemo({ ...summary, received: 0 })).toBe(1);
  });

  test("people are told the same, and what is missing", () => {
    const summary = { ...summarise(sampleStatus(), VERDICT, 0, 1_000), lost: 1 };
    const missing = [{ n: 7, topic: "v2.users.a.presence", key: "a", hash: "h", sockets: ["s1"] }];
    const text = summaryLines(summary, missing, plain).join("\n");
    expect(text).toContain("produced 900 events; 820 came in and 800 were delivered");
    expect(text).toContain("1 lost, 0 out of order, 1 twice");
    expect(text).toContain("missing: event 7, v2.users.a.presence, key a");
  });

  test("a line of progress has the time, the rate, each class, the source and the judge's word", () => {
    const line = progressLine({ status: sampleStatus(), verdict: VERDICT, elapsedMs: 12_000, perSecond: 40.4 });
    expect(line).toBe(
      "00:12  40 events/s | critical 42 done, 0 waiting, p99 1.8 ms | high 310 done, 5 waiting, p99 4.2 ms | " +
        "standard 448 done, 10 waiting | main live | 0 under way, 0 out of order",
    );
  });
});

describe("the status of a source that asks for states", () => {
  const told = (counts: object): string => {
    const status = sampleStatus();
    const none = { asking: 0, askedAt: 1, handedOn: 0, unchanged: 0, behind: 0, failed: 0 };
    const sources = status.sources.map((source) => ({ ...source, reconciliation: { ...none, ...counts } }));
    return statusLines({ ...status, sources }, plain).join("\n");
  };

  test("is told once it has asked, with what went wrong", () => {
    expect(told({ askedAt: undefined })).not.toContain("states handed on");
    expect(told({ handedOn: 1_200, unchanged: 3 })).toContain(
      "main: 1,200 states handed on after gaps, 3 nothing new\n",
    );
    expect(told({ behind: 2, failed: 1, asking: 1 })).toContain(
      "2 older than live events, 1 questions failed, asking about 1 gap",
    );
  });
});

describe("a critical event in words", () => {
  const customer = { purpose: "customer", name: "Lyon, France", calls: [{ state: "connected" }] };

  test("says what rings where", () => {
    const agent = { purpose: "agent", name: "Ada Weber", calls: [{ state: "alerting" }] };
    expect(describeEvent({ topic: "t", body: { participants: [customer, agent] } })).toBe(
      "call from Lyon, France alerting at Ada Weber",
    );
    const flat = { purpose: "agent", state: "alerting" };
    expect(describeEvent({ topic: "t", body: { participants: [customer, flat] } })).toBe(
      "Lyon, France alerting at the agent",
    );
  });

  test("falls back to the topic, whatever the body is", () => {
    for (const body of [null, 1, "x", [], {}, { participants: 7 }, { participants: [null] }]) {
      expect(describeEvent({ topic: "some.topic", body })).toBe("some.topic");
    }
    const thrower = {
      topic: "some.topic",
      get body(): unknown {
        throw new Error("not JSON");
      },
    };
    expect(describeEvent(thrower)).toBe("some.topic");
  });
});

describe("what happened lately", () => {
  test("keeps the last lines, each with what says more than its message", () => {
    const lately = createLately();
    for (let index = 0; index < 50; index += 1) {
      const line = { level: "warn", time: "2026-01-01T00:00:00.000Z", msg: `cut ${index}`, code: 1006, source: "main" };
      lately.destination.write(`${JSON.stringify(line)}\n`);
    }
    lately.destination.write("no JSON\n");
    expect(lately.happenings).toHaveLength(30);
    expect(lately.happenings.at(-1)).toEqual({
      at: 1_767_225_600_000,
      level: "warn",
      text: "cut 49  source=main  code=1006",
    });
  });
});

describe("status and explanation for people", () => {
  test("what a sink that is gone left behind is told with what to do about it", () => {
    const status = sampleStatus();
    const left = { ...status, store: { ...status.store, removedSinks: [{ name: "old-crm", events: 12 }] } };
    expect(statusLines(left, plain).join("\n")).toContain(
      "12 events of sink old-crm, which is not configured any more: kept as its dead letters until they are discarded",
    );
  });

  test("a status names state, classes, sources, sinks and gaps", () => {
    const text = statusLines(sampleStatus(), plain).join("\n");
    expect(text).toContain("running, ready, up for 2 min");
    expect(text).toMatch(/standard +10 +1 +448 +- +- +3\.2 s/);
    expect(text).toMatch(/main +live +1 +54 +820 +20 ms ago/);
    expect(text).toContain(
      "main: room for 17,946 more topics, 946 of them on the channels there are; 3 of 20 channels in use",
    );
    expect(text).toContain("last failure: 503 from the receiver");
    expect(text).toMatch(/GAPS {2}1 in all, 0 open\n.*main {2}800 ms, repaired {2}socket closed \(1006\)/);
  });

  test("topics without room or permission are told with what is missing; a spent budget too", () => {
    const status = sampleStatus();
    const [source] = status.sources;
    const headroom = {
      ...source?.headroom,
      wanted: 60,
      noRoom: 2,
      rejected: 4,
      missingPermissions: { "routing:queue:view": 3, "": 1 },
      requests: { left: 0, allowed: 300, resetsInMs: 12_000 },
    };
    const text = statusLines({ ...status, sources: [{ ...source, headroom } as SourceReport] }, plain).join("\n");
    expect(text).toContain("main: 2 of 60 topics have no room on any channel");
    expect(text).toContain(
      "main: 4 topics are refused; missing: routing:queue:view (3 topics), no permission named (1 topic)",
    );
    expect(text).toContain("main: the platform's 300 requests a minute are spent; more in 12 s");
  });

  test("why a service is not ready stands at the top", () => {
    const status = { ...sampleStatus(), ready: false, notReady: ["main: refused: the client secret is wrong"] };
    expect(statusLines(status, plain)[1]).toBe("  main: refused: the client secret is wrong");
  });

  test("an explanation gives the answer, then each rule and sink with its reason", () => {
    const lines = explanationLines(
      { topic: "v2.users.a.presence" },
      {
        class: "high",
        key: "a",
        coalesceKey: undefined,
        ttlMs: 60_000,
        ruleIndex: 1,
        ruleErrors: 0,
        rule: "presence",
        steps: [
          { rule: "ringing", matched: false, reason: "topic does not match" },
          { rule: "presence", matched: true, reason: "topic matches" },
        ],
        sinks: [{ name: "crm", takes: false, reason: "when: false" }],
      },
      plain,
    );
    expect(lines).toEqual([
      "topic    v2.users.a.presence",
      "class    high",
      "key      a",
      "rule     presence",
      "expires  60000 ms after its arrival",
      "",
      "rules, the first that matches wins",
      "  · ringing   topic does not match",
      "  ✓ presence  topic matches",
      "",
      "sinks",
      "  · crm  when: false",
    ]);
  });
});
