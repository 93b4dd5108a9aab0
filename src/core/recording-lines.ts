/** Bytes that come in pieces, as lines with their numbers. A line that is too long is told and skipped, never kept. */

/** One line; without bytes: it was longer than allowed. */
export interface NumberedLine {
  /** From 1. */
  readonly number: number;
  readonly bytes: Uint8Array | undefined;
  /** Whether it ended with a line break; false for the last one of a file that was cut off. */
  readonly isWhole: boolean;
}

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Cuts at line breaks, `\r\n` included. */
export class LineCutter {
  readonly #maxBytes: number;
  #parts: Uint8Array[] = [];
  #length = 0;
  #number = 1;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The lines that end in this piece. The piece must not change until they were used. */
  push(piece: Uint8Array): NumberedLine[] {
    const lines: NumberedLine[] = [];
    let from = 0;
    for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, from)) {
      this.#keep(piece.subarray(from, end));
      lines.push(this.#take(true));
      from = end + 1;
    }
    if (from < piece.length) this.#keep(piece.slice(from));
    return lines;
  }

  /** What is left at the end. */
  end(): NumberedLine | undefined {
    return this.#length === 0 ? undefined : this.#take(false);
  }

  #keep(bytes: Uint8Array): void {
    this.#length += bytes.length;
    if (this.#length <= this.#maxBytes) this.#parts.push(bytes);
    else this.#parts = [];
  }

  #take(isWhole: boolean): NumberedLine {
    const bytes = this.#length > this.#maxBytes ? undefined : withoutReturn(joined(this.#parts, this.#length));
    const line = { number: this.#number, bytes, isWhole };
    this.#number += 1;
    this.#parts = [];
    this.#length = 0;
    return line;
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first;
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function withoutReturn(line: Uint8Array): Uint8Array {
  return line.at(-1) === RETURN ? line.subarray(0, -1) : line;
}
