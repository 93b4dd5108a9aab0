/**
 * What the two threads of the store say to each other. Messages are handled in the order in which they were sent; each
 * question has one answer.
 *
 * ```
 *   main thread (rules, answers)                          disk thread (SQLite)
 *     open ──────────────────────────────────────────────►
 *     load, load, … (what was kept, in portions) ────────►
 *     group 1, group 2, … (changes to write) ────────────►
 *     ◄──────────────────────── written 1, durable 1, written 2, …
 *     read (blocks) ─────────────────────────────────────►   after the groups before it
 *     ◄──────────────────────── trouble, well again
 *     close ─────────────────────────────────────────────►
 * ```
 */
import type { LedgerEntry } from "../../core/ledger.ts";
import type { SettledEnd, SettledEnvelope } from "../../ports/store.ts";

/** What the disk thread is started with. */
export interface DiskSettings {
  readonly path: string;
  /** `full`: groups are flushed to the disk before they count as durable. */
  readonly sync: "full" | "process";
  /** Kept free on the disk, in a file, to go on with when it is full. Scaled down on small disks. */
  readonly ballastBytes: number;
  /** A module that exports `probe(name)`, called at the named points; it may throw or end the process. For tests of faults. */
  readonly probe: string | undefined;
}

/** New envelopes that are stored together (see `blocks.ts`). */
export interface NewBlock {
  readonly block: number;
  /** Of envelopes that were in other blocks before, so not in order with those around it. */
  readonly moved: boolean;
  /** Its lowest seq. */
  readonly first: number;
  readonly facts: Uint8Array;
  readonly contents: Uint8Array;
}

/** A line for the ledger; `block`: where its id is found, when it is not given. */
export type PendingLine = Omit<LedgerEntry, "n"> & { readonly block: number | undefined };

/** Which envelopes of a block are gone; `endedAt`: all are, and the block is kept for the history. */
export interface GoneMarks {
  readonly block: number;
  readonly bits: Uint8Array;
  readonly endedAt?: number;
}

/** One end for the history. */
export interface EndLine extends SettledEnd {
  readonly seq: number;
}

/** Changes that are written in one transaction. Each says what is from then on, so that writing it twice does no harm. */
export interface Group {
  /** Rising by one. */
  readonly n: number;
  readonly blocks: readonly NewBlock[];
  /** Which envelopes of a block are gone (bit = place in the block). */
  readonly gone: readonly GoneMarks[];
  readonly endedBlocks: readonly number[];
  readonly states: readonly { readonly seq: number; readonly sink: number; readonly state: Uint8Array }[];
  /** Seqs of which no state is kept any more. */
  readonly endedStates: readonly number[];
  /** All that is in flight, when it is not what it was. */
  readonly flight: Uint8Array | undefined;
  readonly ids: { readonly first: number; readonly count: number; readonly ids: Uint8Array } | undefined;
  /** Ids with lower numbers are forgotten. */
  readonly idsFrom: number;
  /** Lines, numbered from `ledgerFrom` on, and how many are kept. */
  readonly ledger: readonly PendingLine[];
  readonly ledgerFrom: number;
  readonly ledgerKept: number;
  /** Ends for the history, and the lowest seq of which ends are kept; `Number.MAX_SAFE_INTEGER`: of none. */
  readonly ends: readonly EndLine[];
  readonly endsFrom: number;
  /** {@link KeptFacts} as JSON. */
  readonly kept: string;
}

/** What is asked of the disk thread. */
export type Question =
  | { readonly ask: "open"; readonly sinks: readonly string[]; readonly now: number }
  /** The next portion of what was kept: blocks above `after`. */
  | { readonly ask: "load"; readonly after: number; readonly moved: boolean }
  | { readonly ask: "load-ids"; readonly after: number }
  | { readonly ask: "load-states"; readonly afterSeq: number; readonly afterSink: number }
  | { readonly ask: "read"; readonly blocks: readonly number[]; readonly facts: boolean }
  | { readonly ask: "ledger"; readonly after: number; readonly limit: number }
  /** Blocks that are kept for the history, oldest first. */
  | { readonly ask: "load-kept" }
  | { readonly ask: "history"; readonly key: string | undefined; readonly before: number; readonly limit: number }
  /** Marks the file as well closed, unless something is not written. */
  | { readonly ask: "close" };

/** What was found when the file was opened. */
export interface Opened {
  /** The file was made just now. */
  readonly created: boolean;
  /** The last owner closed it; else it ended in another way. */
  readonly clean: boolean;
  /** What was found to be damaged or missing, in words; what could be saved is there. */
  readonly damage: readonly string[];
  /** Name by number. */
  readonly sinks: readonly (readonly [number: number, name: string])[];
  /** JSON of the last group, "" in a new file. */
  readonly kept: string;
  readonly flight: Uint8Array | undefined;
  readonly blockCount: number;
  readonly lastBlock: number;
  readonly lastGroup: number;
  readonly lastId: number;
  readonly lastLine: number;
}

export interface LoadedBlock {
  readonly block: number;
  readonly facts: Uint8Array;
  readonly contentBytes: number;
  readonly gone: Uint8Array | undefined;
}

/** A block of which all envelopes are gone, kept for the history. */
export interface KeptBlock {
  readonly block: number;
  /** Its lowest seq. */
  readonly first: number;
  readonly bytes: number;
  readonly endedAt: number;
}

export interface ReadBlock {
  readonly block: number;
  readonly facts: Uint8Array | undefined;
  /** Undefined: there is none. */
  readonly contents: Uint8Array | undefined;
}

/** Answers by question. */
export interface Answers {
  readonly open: Opened;
  readonly load: readonly LoadedBlock[];
  readonly "load-ids": readonly { readonly first: number; readonly ids: Uint8Array }[];
  readonly "load-states": readonly { readonly seq: number; readonly sink: number; readonly state: Uint8Array }[];
  readonly read: readonly ReadBlock[];
  readonly ledger: readonly LedgerEntry[];
  readonly "load-kept": readonly KeptBlock[];
  readonly history: readonly SettledEnvelope[];
  readonly close: { readonly clean: boolean };
}

/** Why the disk does not take anything at the moment: no room, or an error. */
export interface Trouble {
  readonly kind: "full" | "failing";
  readonly cause: string;
}

export type ToDisk =
  | { readonly kind: "question"; readonly id: number; readonly question: Question }
  | { readonly kind: "group"; readonly group: Group }
  /** Look whether the trouble is over, and try again. */
  | { readonly kind: "tend" };

export type FromDisk =
  | { readonly kind: "answer"; readonly id: number; readonly answer: Answers[keyof Answers] }
  | { readonly kind: "refusal"; readonly id: number; readonly error: DiskError }
  | { readonly kind: "written"; readonly n: number }
  | { readonly kind: "durable"; readonly n: number }
  /** `undefined`: well again. */
  | { readonly kind: "trouble"; readonly trouble: Trouble | undefined };

/** An error on its way between threads; `code` is one of {@link RingfirstError}'s where it is meant for people. */
export interface DiskError {
  readonly code: "RF_STORE_LOCKED" | "RF_STORE_UNUSABLE" | "RF_STORE_NEWER" | "RF_STORE_FULL" | "RF_STORE_FAILING";
  readonly message: string;
}

/** What is kept besides envelopes; written with each group. */
export interface KeptFacts {
  readonly lastSeq: number;
  readonly nextToken: number;
  /** The work queue's time. */
  readonly now: number;
  /** {@link KeptCounters} of the core. */
  readonly counters: unknown;
}
