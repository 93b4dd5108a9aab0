/**
 * Looks for many short texts in bytes at once, skipping most of them (Wu and Manber's method with blocks of two bytes).
 *
 * Every text is longer than a few bytes; a window as long as the shortest is moved over the bytes. Its last two bytes
 * say how far it can be moved on without passing over the beginning of any text; where they say 0, the texts whose
 * window ends in such a block are compared. So about every fifth to eighth byte is looked at.
 */

/** A compiled search. */
export interface TextSearch {
  /** Which of the texts stand in the bytes, by their place in the list: 1 or 0. The answer is overwritten by the next call. */
  find(bytes: Uint8Array): Uint8Array;
}

const TABLE = 4_096;

/** A search for all of these texts, as UTF-8; none may be shorter than two bytes. */
export function createTextSearch(texts: readonly string[]): TextSearch {
  return new BlockSearch(texts);
}

class BlockSearch implements TextSearch {
  readonly #texts: readonly Uint8Array[];
  readonly #window: number;
  readonly #moves: Uint8Array;
  /** Texts by the block that ends their window. */
  readonly #ending: (readonly number[] | undefined)[];
  readonly #found: Uint8Array;

  constructor(texts: readonly string[]) {
    const encoder = new TextEncoder();
    this.#texts = texts.map((text) => encoder.encode(text));
    this.#window = Math.min(255, ...this.#texts.map((text) => text.length));
    this.#moves = new Uint8Array(TABLE).fill(this.#window - 1);
    this.#found = new Uint8Array(texts.length);
    const ending = new Map<number, number[]>();
    this.#texts.forEach((text, index) => this.#plant(text, index, ending));
    this.#ending = Array.from({ length: TABLE }, (_, block) => ending.get(block));
  }

  find(bytes: Uint8Array): Uint8Array {
    const found = this.#found.fill(0);
    const moves = this.#moves;
    const length = bytes.length;
    const last = this.#window - 1;
    let at = last;
    while (at < length) {
      const block = (((bytes[at - 1] ?? 0) << 5) ^ (bytes[at] ?? 0)) & (TABLE - 1);
      const move = moves[block] ?? 0;
      at += move;
      if (move === 0) {
        this.#compare(bytes, at - last, block);
        at += 1;
      }
    }
    return found;
  }

  #plant(text: Uint8Array, index: number, ending: Map<number, number[]>): void {
    const last = this.#window - 1;
    for (let at = 1; at <= last; at += 1) {
      const block = blockOf(text[at - 1] ?? 0, text[at] ?? 0);
      this.#moves[block] = Math.min(this.#moves[block] ?? 0, last - at);
      if (at === last) ending.set(block, [...(ending.get(block) ?? []), index]);
    }
  }

  #compare(bytes: Uint8Array, start: number, block: number): void {
    for (const index of this.#ending[block] ?? []) {
      if (this.#found[index] === 0 && isAt(bytes, start, this.#texts[index])) this.#found[index] = 1;
    }
  }
}

function blockOf(first: number, second: number): number {
  return ((first << 5) ^ second) & (TABLE - 1);
}

function isAt(bytes: Uint8Array, start: number, text: Uint8Array | undefined): boolean {
  if (text === undefined || start + text.length > bytes.length) return false;
  for (let index = 0; index < text.length; index += 1) {
    if (bytes[start + index] !== text[index]) return false;
  }
  return true;
}
