/**
 * Texts to bytes, many to a block: thousands of frames a second would otherwise be thousands of blocks for the garbage collector.
 *
 * A block lives as long as any of its frames is held; whoever keeps frames for long copies them.
 */

const BLOCK_BYTES = 1_048_576;
/** Bytes of UTF-8 that one unit of a text may take. */
const MAX_UNIT_BYTES = 3;

/** Writes texts into blocks. */
export class FrameWriter {
  #block = Buffer.alloc(0);
  #used = 0;

  /** The bytes of the texts, one behind the other. Nothing is joined before: of a long text that would be a copy more. */
  write(...texts: readonly string[]): Buffer {
    let needed = 0;
    for (const text of texts) needed += text.length * MAX_UNIT_BYTES;
    if (needed > BLOCK_BYTES / 4) return Buffer.from(texts.join(""));
    if (this.#used + needed > this.#block.length) {
      this.#block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
      this.#used = 0;
    }
    const from = this.#used;
    for (const text of texts) this.#used += this.#block.write(text, this.#used);
    return this.#block.subarray(from, this.#used);
  }
}
