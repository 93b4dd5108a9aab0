/**
 * Giving room back that is held by envelopes long gone: what still lives of the sparsest blocks is read, and written into new
 * blocks with the next group, in which the old ones end.
 */
import { BlockWriter } from "./block-writer.ts";
import type { Blocks } from "./blocks.ts";
import type { Link } from "./link.ts";
import type { NewBlock } from "./messages.ts";
import { decodeContents, decodeFacts } from "./records.ts";

/** Blocks that are moved at once. */
const AT_ONCE = 16;

/** Moves what lives out of sparse blocks (see the top of this file). */
export class Compaction {
  readonly #blocks: Blocks;
  readonly #link: Link;
  /** Blocks that were tried already: what can't be read of them stays where it is. */
  readonly #tried = new Set<number>();
  #reading = false;
  #read: Awaited<ReturnType<typeof readBlocks>> = [];

  constructor(blocks: Blocks, link: Link) {
    this.#blocks = blocks;
    this.#link = link;
  }

  /** Begins to move blocks when there is too much waste. Answers at once. */
  look(): void {
    if (this.#reading || this.#read.length > 0) return;
    const sparse = this.#blocks.sparse(AT_ONCE, this.#tried).map(({ block }) => block);
    if (sparse.length === 0) return;
    this.#reading = true;
    for (const block of sparse) this.#tried.add(block);
    readBlocks(this.#link, sparse).then(
      (read) => {
        this.#read = read;
        this.#reading = false;
      },
      () => {
        // The disk is in trouble; it is looked again later.
        this.#reading = false;
      },
    );
  }

  /** New blocks for what was read and still lives; the old ones are left by it. */
  take(): NewBlock[] {
    if (this.#read.length === 0) return [];
    const writer = new BlockWriter(this.#blocks);
    const live = this.#read
      .flatMap(({ block, facts, contents }) => {
        const old = this.#blocks.get(block);
        if (old === undefined) return [];
        return facts.flatMap((one) => {
          const content = contents.get(one.seq);
          return content !== undefined && this.#blocks.holds(old, one.seq) ? [{ one, content, old }] : [];
        });
      })
      .toSorted((a, b) => a.one.seq - b.one.seq);
    this.#read = [];
    for (const { one, content } of live) writer.add(one, content.id, content.payload);
    const made = writer.take(true);
    for (const { one, old } of live) this.#blocks.leave(one.seq, one.bytes, old);
    return made;
  }
}

async function readBlocks(link: Link, blocks: readonly number[]) {
  const read = await link.ask({ ask: "read", blocks, facts: true });
  return read.flatMap(({ block, facts, contents }) => {
    const decoded = facts === undefined ? undefined : decodeFacts(facts);
    if (decoded === undefined || contents === undefined) return [];
    return [{ block, facts: decoded, contents: decodeContents(contents) }];
  });
}
