/** A service without a line behind it, for tests of the HTTP server: it answers what it is told to and notes what it is asked. */
import type { GapRecord } from "../../src/core/gap.ts";
import type { PushAnswer, PushSource } from "../../src/ports/source.ts";
import type { Explanation, Service, ServiceStatus } from "../../src/ports/service.ts";
import type { ClassStats, DeadLetter, SinkStats } from "../../src/ports/store.ts";

/** A fake service with its notes. */
export interface FakeService extends Service {
  /** Verbs that change something, in order. */
  readonly acts: string[];
  readonly pushed: { readonly text: string; readonly mediaType: string }[];
}

/** What a fake service answers. */
export interface FakeServiceOptions {
  readonly ready?: boolean;
  readonly status?: ServiceStatus;
  readonly push?: (body: Uint8Array, mediaType: string) => PushAnswer | Promise<PushAnswer>;
  readonly deadLetters?: readonly DeadLetter[];
  readonly gaps?: readonly GapRecord[];
  /** Thrown by `status`. */
  readonly failure?: Error;
}

export function createFakeService(options: FakeServiceOptions = {}): FakeService {
  const acts: string[] = [];
  const pushed: { text: string; mediaType: string }[] = [];
  const { push } = options;
  return {
    acts,
    pushed,
    async status() {
      if (options.failure !== undefined) throw options.failure;
      return options.status ?? sampleStatus();
    },
    readiness: () => ({ ready: options.ready ?? true, reasons: ["a reason with detail"] }),
    explain: (query): Explanation => ({
      rule: "a rule",
      class: "critical",
      key: query.key,
      coalesceKey: undefined,
      ttlMs: undefined,
      ruleIndex: 0,
      ruleErrors: 0,
      steps: [{ rule: "a rule", matched: true, reason: `topic ${query.topic}` }],
      sinks: [{ name: "log", takes: true, reason: "no condition" }],
    }),
    pushSource: () => (push === undefined ? undefined : pushSource(push, pushed)),
    gaps(query) {
      acts.push(`gaps ${JSON.stringify(query)}`);
      return options.gaps ?? [];
    },
    async deadLetters(query) {
      acts.push(`deadLetters ${JSON.stringify(query)}`);
      return options.deadLetters ?? [];
    },
    async redrive(sink, seqs) {
      acts.push(`redrive ${sink} ${seqs.join(",")}`);
      return seqs.map((seq) => (seq < 100 ? "redriven" : "unknown"));
    },
    async discard(sink, seqs) {
      acts.push(`discard ${sink} ${seqs.join(",")}`);
      return seqs.map((seq) => (seq < 100 ? "discarded" : "unknown"));
    },
    pauseSink(name) {
      acts.push(`pause ${name}`);
      return name === "log" || name === "a b/c";
    },
    resumeSink(name) {
      acts.push(`resume ${name}`);
      return name === "log";
    },
  };
}

function pushSource(
  push: NonNullable<FakeServiceOptions["push"]>,
  pushed: { text: string; mediaType: string }[],
): PushSource {
  return {
    name: "local",
    type: "http",
    live: false,
    start() {},
    pause() {},
    resume() {},
    status: () => ({ state: "live", since: 0, reason: undefined, connections: [], rejectedTopics: [] }),
    close: async () => {},
    async push(body, mediaType) {
      pushed.push({ text: new TextDecoder().decode(body), mediaType });
      return push(body, mediaType);
    },
  };
}

/** Figures of one class, all different, so that a mix-up shows. */
function sampleClassStats(base: number): ClassStats {
  return {
    admitted: base + 1,
    acked: base + 2,
    expired: base + 3,
    coalesced: base + 4,
    shed: base + 5,
    refused: base + 6,
    discarded: base + 7,
    dead: base + 8,
    waiting: base + 9,
    inFlight: base + 10,
    oldestAdmittedAt: undefined,
  };
}

function sampleSinkStats(): SinkStats {
  const { oldestAdmittedAt: _, ...sums } = sampleClassStats(500);
  return {
    ...sums,
    redriven: 601,
    retried: 602,
    reclaimed: 603,
    bytes: 604,
    lanes: 605,
    backoffs: 606,
    classes: { critical: sampleClassStats(100), standard: sampleClassStats(200) },
  };
}

export function sampleStatus(): ServiceStatus {
  return {
    version: "0.0.0-test",
    state: "running",
    ready: true,
    notReady: [],
    startedAt: 1_700_000_000_000,
    now: 1_700_000_060_000,
    intake: {
      received: 11,
      admitted: 12,
      coalesced: 13,
      duplicates: 14,
      full: 15,
      tooLarge: 16,
      malformed: 17,
      ruleErrors: 18,
      pending: 19,
    },
    classes: [
      { name: "critical", waiting: 21, inFlight: 22, delivered: 23, oldestWaitingMs: 2_400, waitMs: wait(25) },
      { name: "standard", waiting: 31, inFlight: 32, delivered: 33, oldestWaitingMs: undefined, waitMs: wait(35) },
    ],
    sources: [
      {
        name: 'gate"way\n',
        type: "platform-websocket",
        state: "live",
        since: 1_700_000_000_500,
        reason: undefined,
        connections: [
          {
            name: "socket 1",
            state: "live",
            since: 1_700_000_000_500,
            topicCount: 0,
            reconnects: 3,
            lastFrameAt: 1_700_000_059_000,
            reason: undefined,
          },
        ],
        rejectedTopics: [],
        headroom: {
          wanted: 71,
          planned: 72,
          noRoom: 73,
          rejected: 74,
          missingPermissions: {},
          channels: { own: 75, others: 76, limit: 77 },
          topicsUntilNextChannel: 78,
          topicsUntilLimit: 79,
          requests: { left: 80, allowed: 81, resetsInMs: 82 },
          lookedUpAt: 1_700_000_057_000,
        },
        received: 41,
        malformed: 42,
        paused: false,
        lastEventAt: 1_700_000_059_000,
      },
    ],
    sinks: [
      {
        name: "log",
        type: "ndjson",
        paused: false,
        concurrency: 16,
        queue: sampleSinkStats(),
        lastFailure: { at: 1_700_000_050_000, cause: "503" },
      },
    ],
    store: { name: "memory", durability: "none", payloadBytes: 51, dedupIds: 52, unrouted: 53, lastSeq: 54 },
    pressure: { level: 0.25, holding: false },
    gaps: {
      open: 1,
      asking: 2,
      total: 9,
      outcomes: { repaired: 3, partly: 1, unknowable: 2 },
      recent: [],
    },
    rules: [{ name: "ringing", matched: 61 }],
    recentCritical: [],
  };
}

function wait(base: number): { count: number; p50: number; p99: number; max: number } {
  return { count: base, p50: base * 10, p99: base * 100, max: base * 1_000 };
}
