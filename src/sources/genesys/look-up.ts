/**
 * Looks people and queues up again and again, so that the topics stay those of whoever is there: every few minutes, with jitter, with
 * the least of the request budget; sooner where somebody is missing (`core/topic-roster.ts`) or asks for it.
 *
 * - A1  What a look that failed would have found is not known, so nothing changes with it.
 * - A2  One look at a time; who asks during one gets another after it.
 */
import { type Roster, nextRoster } from "../../core/topic-roster.ts";
import type { Timer } from "../../ports/clock.ts";
import type { SourceContext } from "../../ports/source.ts";
import type { GenesysApi } from "./rest.ts";
import { type Expansion, expandSelectors, type ReadPages, type Selector } from "./selectors.ts";

/** What {@link LookUp} takes. */
export interface LookUpOptions {
  /** Of the source, for people. */
  readonly name: string;
  readonly api: GenesysApi;
  readonly selectors: readonly Selector[];
  readonly context: SourceContext;
  /** Between two looks, more or less. */
  readonly everyMs: number;
}

/** Jitter, to both sides. */
const SPREAD = 0.1;
/** A look that found somebody missing is made sure of so soon. */
const AGAIN_MS = 30_000;

/** Keeps a roster up to date. */
export class LookUp {
  readonly #options: LookUpOptions;
  readonly #changed: (roster: Roster, missedSince: number) => void;
  #roster: Roster;
  #lookedAt: number;
  #timer: Timer | undefined;
  /** Of a look that stopped half-way. */
  readonly #read: ReadPages = new Map();
  #begunAt: number | undefined;
  #busy = false;
  #asked = false;
  #closed = false;
  /** What was told last, so that the same trouble is told once. */
  #told: string | undefined;

  /** `roster`: what the first look found, at `lookedAt`. `changed`: new topics may have been missed since then. */
  constructor(
    options: LookUpOptions,
    first: { readonly roster: Roster; readonly lookedAt: number },
    changed: (roster: Roster, missedSince: number) => void,
  ) {
    this.#options = options;
    this.#roster = first.roster;
    this.#lookedAt = first.lookedAt;
    this.#changed = changed;
    this.#again(options.everyMs);
  }

  /** Epoch milliseconds: the beginning of the last look that found everything. */
  get lookedAt(): number {
    return this.#lookedAt;
  }

  /** Looks now. */
  refresh(): void {
    if (this.#busy) this.#asked = true;
    else void this.#look();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  async #look(): Promise<void> {
    const { api, selectors, context, everyMs } = this.#options;
    this.#busy = true;
    this.#timer?.cancel();
    const begun = context.clock.now();
    const expansion = await expandSelectors(api, selectors, "expand", this.#read);
    this.#busy = false;
    if (this.#closed) return;
    this.#begunAt ??= begun;
    const lookBegan = this.#begunAt;
    if (expansion.kind !== "failed") {
      this.#read.clear();
      this.#begunAt = undefined;
    }
    if (expansion.kind === "topics") this.#onFound(expansion.topics, lookBegan);
    else this.#onTrouble(expansion);
    const isSure = expansion.kind === "topics" && this.#roster.doubted.length === 0;
    const waitMs = expansion.kind === "failed" ? (expansion.retryAfterMs ?? 0) : 0;
    const isHalf = expansion.kind === "failed" && this.#read.size > 0;
    if (this.#asked) {
      this.#asked = false;
      this.#again(waitMs);
    } else {
      const isSoon = isHalf || (expansion.kind === "topics" && !isSure);
      const next = isSoon ? Math.min(AGAIN_MS, everyMs) : everyMs;
      this.#again(Math.max(next, waitMs));
    }
  }

  #onFound(topics: readonly string[], begun: number): void {
    const missedSince = this.#lookedAt;
    this.#lookedAt = begun;
    this.#told = undefined;
    this.#roster = nextRoster(this.#roster, topics);
    this.#changed(this.#roster, missedSince);
  }

  #onTrouble({ kind, reason }: Exclude<Expansion, { readonly kind: "topics" }>): void {
    const { name, context } = this.#options;
    const line = `${name}: people and queues can't be looked up again: ${reason}; the topics stay as they are`;
    if (kind === "refused" && this.#told !== line) context.logger.warn({}, line);
    else context.logger.debug({}, line);
    this.#told = line;
  }

  #again(ms: number): void {
    const { clock } = this.#options.context;
    this.#timer?.cancel();
    this.#timer = clock.setTimer(ms * (1 - SPREAD + 2 * SPREAD * clock.random()), () => void this.#look());
  }
}
