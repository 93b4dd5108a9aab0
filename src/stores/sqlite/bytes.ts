/**
 * Bytes written and read one value after the other, little-endian: how records look on disk and on the way to the disk's
 * thread. Texts are exact for every JavaScript string: one byte a character where all fit, else two.
 *
 * ```
 *   text   length * 2 + (wide ? 1 : 0) as u32, then the characters
 * ```
 */
import { crc32 } from "node:zlib";

/** The buffer of bytes that have it for themselves; it may be given away or let go. */
export function ownBuffer(value: unknown): ArrayBuffer | undefined {
  if (!(value instanceof Uint8Array) || !(value.buffer instanceof ArrayBuffer)) return undefined;
  return value.byteLength === value.buffer.byteLength ? value.buffer : undefined;
}

/** Gives the memory of bytes back at once: the collector sees how many objects there are, not how large they are. */
export function letGo(bytes: Uint8Array): void {
  ownBuffer(bytes)?.transfer(0);
}

/** Writes into a buffer that grows. */
export class ByteWriter {
  #bytes: Buffer;
  #length = 0;

  constructor(capacity = 1_024) {
    this.#bytes = Buffer.from(new ArrayBuffer(capacity));
  }

  get length(): number {
    return this.#length;
  }

  /** Begins anew, whatever was written. */
  restart(): this {
    this.#length = 0;
    return this;
  }

  u8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }

  u32(value: number): void {
    this.#reserve(4);
    this.#length = this.#bytes.writeUInt32LE(value, this.#length);
  }

  f64(value: number): void {
    this.#reserve(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  text(value: string): void {
    const { length } = value;
    this.#reserve(4 + 2 * length);
    const bytes = this.#bytes;
    const from = this.#length + 4;
    let at = 0;
    for (; at < length; at += 1) {
      const unit = value.charCodeAt(at);
      if (unit > 0xff) break;
      bytes[from + at] = unit;
    }
    const wide = at < length;
    if (wide) bytes.write(value, from, "utf16le");
    bytes.writeUInt32LE(2 * length + (wide ? 1 : 0), this.#length);
    this.#length = from + (wide ? 2 * length : length);
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  /** Four bytes for {@link ByteWriter.seal}; answers where they are. */
  hole(): number {
    this.u32(0);
    return this.#length - 4;
  }

  /** Fills a hole with the checksum of all that was written after it. */
  seal(hole: number): void {
    this.#bytes.writeUInt32LE(crc32(this.#bytes.subarray(hole + 4, this.#length)), hole);
  }

  /** Writes a number into a hole. */
  fill(hole: number, value: number): void {
    this.#bytes.writeUInt32LE(value, hole);
  }

  /** What was written, in a buffer of its own that can be given away; the writer begins anew. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = new Uint8Array(this.#length);
    taken.set(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    return taken;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.from(new ArrayBuffer(Math.max(needed, 2 * this.#bytes.length)));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

/** Reads what a {@link ByteWriter} wrote. Reading beyond the end throws a `RangeError`. */
export class ByteReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get at(): number {
    return this.#at;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  u8(): number {
    this.#at += 1;
    return this.#bytes.readUInt8(this.#at - 1);
  }

  u32(): number {
    this.#at += 4;
    return this.#bytes.readUInt32LE(this.#at - 4);
  }

  f64(): number {
    this.#at += 8;
    return this.#bytes.readDoubleLE(this.#at - 8);
  }

  text(): string {
    const mark = this.u32();
    const wide = (mark & 1) === 1;
    const length = wide ? (mark >>> 1) * 2 : mark >>> 1;
    const from = this.#skip(length);
    return this.#bytes.toString(wide ? "utf16le" : "latin1", from, this.#at);
  }

  /** A view; no `Buffer`, whose `slice` and JSON are others: what comes from disk is as what was given. */
  bytes(length: number): Uint8Array {
    const from = this.#skip(length);
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + from, length);
  }

  /** Whether the next four bytes are the checksum of the `length` bytes after them (by default: of all). */
  checks(length: number = this.#bytes.length - this.#at - 4): boolean {
    const sum = this.u32();
    const rest = this.#bytes.subarray(this.#at, this.#at + length);
    return rest.length === length && crc32(rest) === sum;
  }

  #skip(length: number): number {
    const from = this.#at;
    if (from + length > this.#bytes.length) throw new RangeError("a record is cut short");
    this.#at += length;
    return from;
  }
}
