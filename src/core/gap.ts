/**
 * Gaps as values: an interval in which events may have been missed, what was found out about it, and the book that holds all of
 * them. The ledger at work (`pipeline/gaps.ts`) and what keeps it on disk both make their state by the same changes, so
 * that what was kept reads as it was.
 *
 * - G1  A gap has one beginning and one end; nothing moves them once they are said.
 * - G2  Of several findings about a topic the last counts; a gap has its outcome when it has ended and every topic has a finding.
 * - G3  The book is bounded; the oldest gap that has an outcome goes first, an open one last.
 */
import { compileTopics } from "./topic-pattern.ts";

/**
 * What became of the state that a gap hid: `repaired`, it was asked for and handed on; `partly`, not all of it could be had;
 * `unknowable`, nothing could be asked for.
 */
export type GapOutcome = "repaired" | "partly" | "unknowable";

/** Where a gap stands: `open`, it goes on; `asking`, it has ended and what it hid is being asked for; else its outcome. */
export type GapState = "open" | "asking" | GapOutcome;

/** All states, for those who check one. */
export const GAP_STATES: readonly GapState[] = ["open", "asking", "repaired", "partly", "unknowable"];

/** What was found out about some topics of a gap. */
export interface GapFinding {
  /** As the gap names them. */
  readonly topics: readonly string[];
  readonly outcome: GapOutcome;
  /** One line: what was asked for and what was not, and why. */
  readonly why: string;
}

/** An interval in which events may have been missed. */
export interface GapRecord {
  /** Counted from 1, over restarts where the ledger is kept. */
  readonly n: number;
  readonly source: string;
  /** Topics, or patterns of topics. */
  readonly topics: readonly string[];
  /** How many topics there are; more than `topics` where a list is shown abridged. */
  readonly topicCount: number;
  readonly cause: string;
  /** Epoch milliseconds: the last moment at which all was surely well. */
  readonly from: number;
  /** Absent while it is open. */
  readonly to: number | undefined;
  /** Part of a start. */
  readonly atStart: boolean;
  /** All topics `repaired`, all `unknowable`, else `partly`; before that `open` or `asking`. */
  readonly state: GapState;
  /** By outcome and reason; topics that are not named here have none yet. */
  readonly findings: readonly GapFinding[];
}

/** Which gaps are asked for; what is absent is not looked at. */
export interface GapQuery {
  readonly source?: string | undefined;
  readonly state?: GapState | undefined;
  /** Gaps that are open or end after this; epoch milliseconds. */
  readonly since?: number | undefined;
  /** A topic: gaps that name it, or a pattern of it. */
  readonly topic?: string | undefined;
  /** At most so many, the youngest. @defaultValue 100 */
  readonly limit?: number | undefined;
}

/** Gaps that are told where the query names no limit. */
export const GAPS_TOLD = 100;

/** One thing that happened to the book. */
export type GapChange =
  | { readonly kind: "opened"; readonly gap: GapRecord }
  | { readonly kind: "ended"; readonly n: number; readonly to: number }
  | { readonly kind: "settled"; readonly n: number; readonly findings: readonly GapFinding[] }
  | { readonly kind: "explained"; readonly n: number; readonly cause: string }
  | { readonly kind: "withdrawn"; readonly n: number }
  /** So many numbers, in all, were passed over: no gap ever has them. */
  | { readonly kind: "skipped"; readonly n: number }
  /** A service began with these sources. */
  | { readonly kind: "started"; readonly sources: readonly string[] }
  /** A source has looked up what there is to subscribe; epoch milliseconds of the look's beginning. */
  | { readonly kind: "looked"; readonly source: string; readonly at: number }
  /** Until then the provider surely sent a source all that it had subscribed; epoch milliseconds. */
  | { readonly kind: "whole"; readonly source: string; readonly at: number };

/** How much the book holds. */
export interface GapBookLimits {
  /** @defaultValue 1,000 */
  readonly gaps?: number;
  /** Topic names in all gaps together. @defaultValue 200,000 */
  readonly topics?: number;
}

/** All gaps that are kept. */
export class GapBook {
  readonly #gaps = new Map<number, GapRecord>();
  readonly #maxGaps: number;
  readonly #maxTopics: number;
  #topics = 0;
  #total = 0;
  #skipped = 0;
  #sources: readonly string[] = [];
  readonly #looked = new Map<string, number>();
  readonly #whole = new Map<string, number>();

  constructor({ gaps = 1_000, topics = 200_000 }: GapBookLimits = {}) {
    this.#maxGaps = gaps;
    this.#maxTopics = topics;
  }

  /** The highest number given. */
  get total(): number {
    return this.#total;
  }

  /** Numbers that were passed over. */
  get skipped(): number {
    return this.#skipped;
  }

  /** Sources of the run that was noted last. */
  get sources(): readonly string[] {
    return this.#sources;
  }

  /** When each source last looked up what there is to subscribe; epoch milliseconds. */
  get looked(): ReadonlyMap<string, number> {
    return this.#looked;
  }

  /** Until when each source of the run was surely sent all that it had subscribed, of those that ask for it; epoch milliseconds. */
  get whole(): ReadonlyMap<string, number> {
    return this.#whole;
  }

  get(n: number): GapRecord | undefined {
    return this.#gaps.get(n);
  }

  /** By number. */
  list(): readonly GapRecord[] {
    return [...this.#gaps.values()];
  }

  /** The gap as it is now; undefined: it is not in the book (any more), or the change is about no gap. */
  apply(change: GapChange): GapRecord | undefined {
    switch (change.kind) {
      case "opened":
        return this.#open(change.gap);
      case "ended": {
        const gap = this.#gaps.get(change.n);
        if (gap === undefined || gap.to !== undefined) return gap;
        return this.#put({ ...gap, to: Math.max(gap.from, change.to) });
      }
      case "settled": {
        const gap = this.#gaps.get(change.n);
        return gap && this.#put({ ...gap, findings: mergeFindings(gap, change.findings) });
      }
      case "explained": {
        const gap = this.#gaps.get(change.n);
        return gap && this.#put({ ...gap, cause: change.cause });
      }
      case "withdrawn":
        this.#remove(change.n);
        return undefined;
      case "skipped":
        this.#skipped = change.n;
        return undefined;
      case "started":
        this.#sources = change.sources;
        // A run answers for its own.
        this.#whole.clear();
        return undefined;
      case "looked":
        this.#looked.set(change.source, change.at);
        return undefined;
      case "whole":
        this.#whole.set(change.source, change.at);
        return undefined;
    }
  }

  /** Takes in what an older book knew, as if it had been here first: what this one knows of the same thing counts. */
  follow({ gaps, looked }: Pick<GapBook, "looked"> & { readonly gaps: readonly GapRecord[] }): void {
    const own = this.list();
    for (const { n } of own) this.#remove(n);
    for (const gap of [...gaps, ...own]) this.#open(gap);
    for (const [source, at] of looked) if (!this.#looked.has(source)) this.#looked.set(source, at);
  }

  #open(gap: GapRecord): GapRecord {
    if (this.#gaps.has(gap.n)) this.#remove(gap.n);
    this.#total = Math.max(this.#total, gap.n);
    this.#topics += gap.topics.length;
    const opened = this.#put(gap);
    this.#makeRoom(gap.n);
    return opened;
  }

  #put(gap: GapRecord): GapRecord {
    const judged = { ...gap, state: stateOf(gap) };
    this.#gaps.set(gap.n, judged);
    return judged;
  }

  #remove(n: number): void {
    this.#topics -= this.#gaps.get(n)?.topics.length ?? 0;
    this.#gaps.delete(n);
  }

  /** G3. */
  #makeRoom(newest: number): void {
    while (this.#gaps.size > this.#maxGaps || this.#topics > this.#maxTopics) {
      const others = this.list().filter(({ n }) => n !== newest);
      const last =
        others.find(({ state }) => state !== "open" && state !== "asking") ??
        others.find(({ state }) => state === "asking") ??
        others[0];
      if (last === undefined) return;
      this.#remove(last.n);
    }
  }
}

/** Topics of a gap about which nothing has been found yet. */
export function openTopics({ topics, findings }: Pick<GapRecord, "topics" | "findings">): readonly string[] {
  if (findings.length === 0) return topics;
  const found = new Set(findings.flatMap((finding) => finding.topics));
  return topics.filter((topic) => !found.has(topic));
}

function stateOf(gap: GapRecord): GapState {
  if (gap.to === undefined) return "open";
  if (openTopics(gap).length > 0) return "asking";
  const outcomes = new Set(gap.findings.map(({ outcome }) => outcome));
  const [only = "unknowable"] = outcomes;
  return outcomes.size > 1 ? "partly" : only;
}

/** G2. What the gap does not name is left out. */
function mergeFindings(gap: GapRecord, more: readonly GapFinding[]): readonly GapFinding[] {
  const named = new Set(gap.topics);
  const merged = new Map<string, { outcome: GapOutcome; why: string; topics: Set<string> }>();
  for (const { topics, outcome, why } of [...gap.findings, ...more]) {
    for (const earlier of merged.values()) for (const topic of topics) earlier.topics.delete(topic);
    const id = `${outcome} ${why}`;
    const finding = merged.get(id) ?? { outcome, why, topics: new Set() };
    merged.set(id, finding);
    for (const topic of topics) if (named.has(topic)) finding.topics.add(topic);
  }
  return [...merged.values()]
    .filter(({ topics }) => topics.size > 0)
    .map(({ topics, outcome, why }) => ({ topics: [...topics], outcome, why }));
}

/** The youngest gaps that the query asks for, oldest first. */
export function findGaps(gaps: readonly GapRecord[], query: GapQuery): readonly GapRecord[] {
  const { source, state, since, topic, limit = GAPS_TOLD } = query;
  const found = gaps.filter(
    (gap) =>
      (source === undefined || gap.source === source) &&
      (state === undefined || gap.state === state) &&
      (since === undefined || gap.to === undefined || gap.to > since) &&
      (topic === undefined || isAbout(gap, topic)),
  );
  return limit <= 0 ? [] : found.slice(-limit);
}

/** `*` alone stands for everything that a source brings; `{*}` and `*` stand for one part. */
function isAbout({ topics }: GapRecord, topic: string): boolean {
  return topics.includes("*") || compileTopics(topics.map((one) => one.replaceAll("{*}", "*"))).matches(topic);
}

/** A gap for an overview: at most so many topics are named, in the findings too. */
export function abridgeGap(gap: GapRecord, maxTopics: number): GapRecord {
  if (gap.topics.length <= maxTopics) return gap;
  const findings = gap.findings.map((finding) => ({ ...finding, topics: finding.topics.slice(0, maxTopics) }));
  return { ...gap, topics: gap.topics.slice(0, maxTopics), findings };
}
