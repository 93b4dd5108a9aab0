/** Puts envelopes into new blocks, in the order in which they come. */
import type { Blocks } from "./blocks.ts";
import { ByteWriter } from "./bytes.ts";
import type { NewBlock } from "./messages.ts";
import { beginFacts, endFacts, type EnvelopeFacts, writeContent, writeFacts } from "./records.ts";

/** A block is closed when its contents are this long, or when it holds so many. */
const BLOCK_BYTES = 64 * 1_024;
const BLOCK_EVENTS = 256;

/** Makes blocks and enters them into the index. */
export class BlockWriter {
  readonly #blocks: Blocks;
  readonly #facts = new ByteWriter(32_768);
  readonly #contents = new ByteWriter(2 * BLOCK_BYTES);
  #seqs: number[] = [];
  #sum = 0;
  #made: { facts: Uint8Array; contents: Uint8Array; seqs: Float64Array }[] = [];

  constructor(blocks: Blocks) {
    this.#blocks = blocks;
  }

  add(facts: EnvelopeFacts, id: string, payload: Uint8Array): void {
    if (this.#seqs.length === 0) this.#sum = beginFacts(this.#facts);
    writeFacts(this.#facts, facts);
    writeContent(this.#contents, facts.seq, id, payload);
    this.#seqs.push(facts.seq);
    if (this.#contents.length >= BLOCK_BYTES || this.#seqs.length >= BLOCK_EVENTS) this.#endBlock();
  }

  /** The blocks made since the last call; `moved`: of envelopes that were in other blocks before. */
  take(moved: boolean): NewBlock[] {
    if (this.#seqs.length > 0) this.#endBlock();
    const made = this.#made.map(({ facts, contents, seqs }) => {
      const block = this.#blocks.nextNumber();
      this.#blocks.add(block, seqs, contents.length, moved);
      return { block, moved, first: seqs[0] ?? 0, facts, contents };
    });
    this.#made = [];
    return made;
  }

  #endBlock(): void {
    endFacts(this.#facts, this.#sum, this.#seqs.length);
    this.#made.push({
      facts: this.#facts.take(),
      contents: this.#contents.take(),
      seqs: Float64Array.from(this.#seqs),
    });
    this.#seqs = [];
  }
}
