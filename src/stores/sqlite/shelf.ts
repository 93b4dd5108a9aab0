/**
 * Ids and payloads that are in memory: of envelopes that are not written yet, and beyond that as many as fit a budget. Each class
 * has a share of its own, and what came first stays: newcomers of a class never push out what is handed over before them.
 * The rest is on disk; a block that was read stays here for a while, for those that come next.
 */
import type { Contents } from "../../core/entries.ts";
import type { QueueEnvelope } from "../../core/queue-envelope.ts";
import type { Content } from "./records.ts";

/** Payload bytes kept in memory, of all classes. */
const BUDGET_BYTES = 24 * 2 ** 20;
/** Blocks that were read and are kept. */
const MAX_BLOCKS = 64;

/** Stands for a payload that is on disk. */
export const ELSEWHERE: Uint8Array = new Uint8Array(0);

interface Held extends Content {
  readonly rank: number;
  /** In the budget; else it is here because it is not written yet. */
  counted: boolean;
}

/** Contents at hand (see the top of this file). */
export class Shelf implements Contents<Uint8Array> {
  readonly #held = new Map<number, Held>();
  readonly #used: number[];
  readonly #share: number;
  readonly #blocks = new Map<number, ReadonlyMap<number, Content | undefined>>();

  constructor(classCount: number, budgetBytes: number = BUDGET_BYTES) {
    this.#used = Array.from({ length: classCount }, () => 0);
    this.#share = budgetBytes / classCount;
  }

  /** Those of a new envelope. */
  hold(envelope: QueueEnvelope<Uint8Array>): void {
    const { seq, id, payload, rank } = envelope;
    this.#held.set(seq, { id, payload, rank, counted: false });
  }

  get(seq: number): Content | undefined {
    return this.#held.get(seq);
  }

  /** They are with the disk thread: kept on only within the budget. */
  written(seq: number): void {
    const held = this.#held.get(seq);
    if (held === undefined || held.counted) return;
    const used = this.#used[held.rank]! + held.payload.length;
    if (used > this.#share) this.#held.delete(seq);
    else {
      held.counted = true;
      this.#used[held.rank] = used;
    }
  }

  /** The envelope is gone. */
  release(seq: number): void {
    const held = this.#held.get(seq);
    if (held === undefined) return;
    this.#held.delete(seq);
    if (held.counted) this.#used[held.rank]! -= held.payload.length;
  }

  /** The contents of a block that is kept here. */
  block(block: number): ReadonlyMap<number, Content | undefined> | undefined {
    return this.#blocks.get(block);
  }

  keepBlock(block: number, contents: ReadonlyMap<number, Content | undefined>): void {
    const [oldest] = this.#blocks.keys();
    if (this.#blocks.size >= MAX_BLOCKS && oldest !== undefined) this.#blocks.delete(oldest);
    this.#blocks.set(block, contents);
  }

  dropBlock(block: number): void {
    this.#blocks.delete(block);
  }

  // As the work queue sees it ---------------------------------------------------------------------------------------

  /** Nothing to do: envelopes come by {@link Shelf.hold}, once for all their sinks. */
  put(): void {}

  drop(): void {}

  id(_entry: number, seq: number): string {
    return this.#held.get(seq)?.id ?? "";
  }

  payload(_entry: number, seq: number): Uint8Array {
    return this.#held.get(seq)?.payload ?? ELSEWHERE;
  }
}
