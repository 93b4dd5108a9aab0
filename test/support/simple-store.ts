/** A store for tests of dispatch: an array and linear scans, the rules that dispatch relies on, and faults on demand. */
import type {
  AdmitResult,
  ClaimedEnvelope,
  LeaseToken,
  NewEnvelope,
  ReclaimedLease,
  Settlement,
  Store,
  StoreStats,
} from "../../src/ports/store.ts";

interface Entry {
  readonly seq: number;
  readonly envelope: NewEnvelope;
  readonly sink: string;
  readonly admittedAt: number;
  state: "waiting" | "out" | "acked" | "dead";
  attempt: number;
  token: LeaseToken;
  leaseEnd: number;
  causes: string[];
}

type Verb = "claim" | "settle" | "extend" | "reclaim" | "stats";

/** The store and what tests look at. */
export interface SimpleStore extends Store {
  readonly entries: readonly Entry[];
  readonly calls: { readonly verb: Verb; readonly count: number }[];
  /** The next `times` calls of a verb reject. */
  fail(verb: Verb, times: number, error?: Error): void;
  /** Calls of a verb stay unanswered until the returned function is called. */
  hold(verb: Verb): () => void;
  put(envelope: Partial<NewEnvelope> & { readonly sink?: string }, now: number): number;
}

/** An empty store with these class names, most urgent first. */
export function simpleStore(ranks: readonly string[] = ["critical", "high", "standard"], maxAttempts = 8): SimpleStore {
  const entries: Entry[] = [];
  const backoffs = new Map<string, number>();
  const failures = new Map<Verb, Error[]>();
  const held = new Map<Verb, Promise<void>>();
  const calls: SimpleStore["calls"] = [];
  let tokens = 0;

  const laneOf = ({ sink, seq, envelope }: Entry): string => `${sink}/${envelope.key ?? `#${seq}`}`;
  const rankOf = ({ envelope }: Entry): number => ranks.indexOf(envelope.class);
  const out = (token: LeaseToken): Entry | undefined => entries.find((e) => e.state === "out" && e.token === token);
  const better = (a: Entry, b: Entry): number => rankOf(a) - rankOf(b) || a.seq - b.seq;

  const claimOne = (
    sink: string,
    leaseMs: number,
    classes: readonly string[] | undefined,
    now: number,
  ): ClaimedEnvelope | undefined => {
    const busy = new Set(entries.filter((e) => e.state === "out").map(laneOf));
    const waiting = entries.filter((e) => e.state === "waiting" && e.sink === sink && !busy.has(laneOf(e)));
    const claimable = waiting.filter((e) => (backoffs.get(laneOf(e)) ?? -Infinity) <= now).sort(better);
    const best = claimable.find((e, at) => {
      const first = claimable.findIndex((other) => laneOf(other) === laneOf(e)) === at;
      return first && (classes === undefined || classes.includes(e.envelope.class));
    });
    if (best === undefined) return undefined;
    const head = waiting.filter((e) => laneOf(e) === laneOf(best)).sort((a, b) => a.seq - b.seq)[0] ?? best;
    Object.assign(head, { state: "out", token: (tokens += 1), leaseEnd: now + leaseMs });
    const { seq, attempt, token, envelope, admittedAt } = head;
    const { id, key, payload } = envelope;
    const given = { token, seq, id, class: envelope.class, laneClass: best.envelope.class, key, attempt };
    return { ...given, redriven: 0, waitedMs: now - admittedAt, replaced: 0, payload };
  };

  const failAttempt = (entry: Entry, cause: string): "waiting" | "dead" => {
    entry.causes.push(cause);
    entry.state = entry.attempt >= maxAttempts ? "dead" : "waiting";
    entry.attempt += 1;
    return entry.state;
  };

  const settleOne = (settlement: Settlement, now: number): "settled" | "stale" => {
    const entry = out(settlement.token);
    if (entry === undefined) return "stale";
    if (settlement.result === "ack") entry.state = "acked";
    else if (settlement.result === "dead") {
      entry.causes.push(settlement.cause);
      entry.state = "dead";
    } else if (failAttempt(entry, settlement.cause) === "waiting")
      backoffs.set(laneOf(entry), now + settlement.delayMs);
    return "settled";
  };

  const answer = async <T>(verb: Verb, count: number, act: () => T): Promise<T> => {
    calls.push({ verb, count });
    const failure = failures.get(verb)?.shift();
    if (failure !== undefined) throw failure;
    // Like a real store: what happens, happens in the order of the calls; only the answer may come late.
    const value = act();
    await held.get(verb);
    return value;
  };

  return {
    entries,
    calls,
    fail(verb, times, error = new Error("disk full")) {
      failures.set(
        verb,
        Array.from({ length: times }, () => error),
      );
    },
    hold(verb) {
      const { promise, resolve } = Promise.withResolvers<void>();
      held.set(verb, promise);
      return () => {
        held.delete(verb);
        resolve();
      };
    },
    put({ sink = "crm", ...given }, now) {
      const seq = entries.length + 1;
      const envelope = { id: `e${seq}`, class: "standard", payload: new Uint8Array(0), sinks: [sink], ...given };
      entries.push({
        seq,
        envelope,
        sink,
        admittedAt: now,
        state: "waiting",
        attempt: 1,
        token: 0,
        leaseEnd: 0,
        causes: [],
      });
      return seq;
    },
    admit(batch, now) {
      return Promise.resolve(
        batch.map((item): AdmitResult => ({
          status: "admitted",
          seq: this.put({ ...item, sink: item.sinks[0] ?? "crm" }, now),
        })),
      );
    },
    claim: (sink, { max, leaseMs, classes }, now) =>
      answer("claim", max, () => {
        const claimed: ClaimedEnvelope[] = [];
        for (
          let next = claimOne(sink, leaseMs, classes, now);
          next !== undefined;
          next = claimOne(sink, leaseMs, classes, now)
        ) {
          claimed.push(next);
          if (claimed.length === max) break;
        }
        return claimed;
      }),
    settle: (batch, now) => answer("settle", batch.length, () => batch.map((settlement) => settleOne(settlement, now))),
    extend: (given, leaseMs, now) =>
      answer("extend", given.length, () =>
        given.map((token) => {
          const entry = out(token);
          if (entry === undefined) return "stale";
          entry.leaseEnd = now + leaseMs;
          return "extended";
        }),
      ),
    reclaim: (now) =>
      answer("reclaim", 0, () => {
        for (const [lane, until] of backoffs) if (until <= now) backoffs.delete(lane);
        const over = entries.filter((e) => e.state === "out" && e.leaseEnd <= now);
        return over.map((entry): ReclaimedLease => {
          const { sink, seq, attempt } = entry;
          return { sink, seq, attempt, result: failAttempt(entry, "lease ran out") };
        });
      }),
    nextDueAt() {
      const busy = new Set(entries.filter((e) => e.state === "out").map(laneOf));
      const leases = entries.filter((e) => e.state === "out").map((e) => e.leaseEnd);
      const waits = [...backoffs].filter(([lane]) => !busy.has(lane)).map(([, until]) => until);
      const due = Math.min(...leases, ...waits);
      return due === Infinity ? undefined : due;
    },
    stats: () =>
      answer("stats", 0, () => {
        const waiting = entries.filter((e) => e.state === "waiting" && e.sink === "crm").length;
        return { sinks: { crm: { waiting } } } as unknown as StoreStats;
      }),
    deadLetters: () => Promise.resolve([]),
    redrive: (_sink, seqs) => Promise.resolve(seqs.map(() => "unknown" as const)),
    discard: (_sink, seqs) => Promise.resolve(seqs.map(() => "unknown" as const)),
    ledger: () => Promise.resolve([]),
    close: () => Promise.resolve(),
  };
}
