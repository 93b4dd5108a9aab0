/** What really happened, as the model platform and the ends of the line know it. The service never sees this; the checks do. */

/** One event that the platform sent out; the same mark again: the platform said it again. */
export interface Emission {
  readonly mark: number;
  readonly topic: string;
  readonly key: string;
  readonly at: number;
  /** Sockets of ours that it was sent on. */
  readonly sockets: number[];
}

/** A frame that came out of a socket in the service's process. */
export interface Receipt {
  readonly at: number;
  readonly life: number;
  readonly socket: number;
}

/** An event that the store said it has. */
export interface Admission {
  readonly id: string;
  readonly mark: number;
  /** The object that it is about: a person or a conversation. */
  readonly key: string | undefined;
  readonly topic: string;
  readonly origin: string;
  readonly sinks: readonly string[];
  readonly at: number;
  readonly life: number;
  readonly status: "admitted" | "coalesced" | "duplicate" | "full" | "too-large";
}

/** One hand-over to a sink's handler, and what the handler said. */
export interface HandOver {
  readonly sink: string;
  readonly id: string;
  readonly mark: number;
  readonly topic: string;
  readonly key: string | undefined;
  readonly seq: number;
  readonly attempt: number;
  readonly at: number;
  readonly life: number;
  readonly origin: string;
  end: { readonly at: number; readonly result: "ack" | "retry" | "dead" | "given up" } | undefined;
}

/** An end that the store said is kept: from then on the event must never come to this sink again. */
export interface Settled {
  readonly sink: string;
  readonly id: string;
  readonly at: number;
}

/** A gap as the ledger has it at the end; times are those of the simulation. */
export interface DeclaredGap {
  readonly n: number;
  readonly topics: readonly string[];
  readonly cause: string;
  readonly from: number;
  readonly to: number | undefined;
  /** By topic; undefined where it has no outcome. */
  readonly outcomes: ReadonlyMap<string, string> | undefined;
}

/** One life of the process. */
export interface Life {
  readonly startedAt: number;
  /** From here on the service takes events. */
  runningAt: number | undefined;
  end: { readonly at: number; readonly how: "crash" | "power" | "stop" } | undefined;
  /** From here on it saw nothing: its end, or the last sign of life of a dead link that it had no time to find out about. */
  blindFrom: number | undefined;
}

/** Everything that is known (see the top of this file). */
export interface Truth {
  readonly emissions: Emission[];
  readonly receipts: Map<number, Receipt[]>;
  /** Marks of states that carry a time in place of a mark, by `key time`. */
  readonly dated: Map<string, number>;
  readonly admissions: Admission[];
  readonly handOvers: HandOver[];
  readonly settled: Settled[];
  /** Of the last life, which has those of all lives. */
  gaps: readonly DeclaredGap[];
  readonly lives: Life[];
  /** Requests and socket openings of ours, by kind. */
  readonly calls: {
    readonly at: number;
    readonly kind: "token" | "api" | "create" | "socket" | "state";
    readonly what: string;
  }[];
  /** What a check found at the time. */
  readonly findings: string[];
  /** Intervals in which the process stood still. */
  readonly stops: { readonly from: number; readonly to: number }[];
  /** Intervals in which a socket of ours was not read. */
  readonly holds: { readonly from: number; readonly to: number }[];
  /** Intervals in which a socket of ours was dead, or far behind, and was let go before it could tell. */
  readonly leftDead: { readonly from: number; readonly to: number }[];
  /** When we emptied the list of the only channel of ours that had a socket and a list, without stopping. */
  readonly emptied: number[];
  /** Sockets of ours that pushed a foreign one off a channel. */
  readonly takebacks: number[];
  /** Channels that it takes to carry all topics. */
  channelsNeeded: number;
  /** The longest way of a frame. */
  longestWayMs: number;
}

/** Nothing has happened yet. */
export function createTruth(): Truth {
  return {
    emissions: [],
    receipts: new Map(),
    dated: new Map(),
    admissions: [],
    handOvers: [],
    settled: [],
    gaps: [],
    lives: [],
    calls: [],
    findings: [],
    stops: [],
    holds: [],
    leftDead: [],
    emptied: [],
    takebacks: [],
    channelsNeeded: 1,
    longestWayMs: 0,
  };
}

const MARK = /"mark":(\d+)/u;
const DATE = /"modifiedDate":"([^"]+)"/u;

/** The mark of a body; 0: how it was before any event; -1: it has none. */
export function markOf(truth: Truth, key: string | undefined, body: string): number {
  const mark = MARK.exec(body)?.[1];
  if (mark !== undefined) return Number(mark);
  const date = DATE.exec(body)?.[1];
  return date === undefined ? -1 : (truth.dated.get(`${key} ${date}`) ?? 0);
}
