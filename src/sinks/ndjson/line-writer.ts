/**
 * Writes lines, many with each write, and says of each line how it ended.
 *
 * W1  One write is under way at a time, in a thread of the pool: a reader that is slow or stands still (a full pipe) holds
 *     up these lines and nothing else. Writing through `process.stdout` would hold up the whole process.
 * W2  A line is `written` only when the system has taken all its bytes.
 * W3  A write may end in the middle of a line (full disk). The next write then begins with a newline: one broken line,
 *     never two lines in one.
 * W4  Bounded: beyond `MAX_WAITING_BYTES` lines are refused; lines that nobody waits for any more are left out.
 */
import type { Clock } from "../../ports/clock.ts";

const MAX_WAITING_BYTES = 16 * 2 ** 20;
const MAX_BATCH_BYTES = 2 ** 18;
/** Pause after the system said "not now" (a descriptor that somebody made non-blocking). */
const AGAIN_MS = 5;
/** Younger lines need no look at whether somebody still waits. */
const STALE_MS = 1_000;
const NEWLINE = Uint8Array.of(0x0a);

/** How one line ended: taken by the system, or not and why. */
export type LineResult = { readonly written: true } | { readonly written: false; readonly error: unknown };

/** Where lines go. */
export interface LineTarget {
  /** Writes from the start of the bytes, and answers how many the system took (at least one). */
  write(bytes: Uint8Array): Promise<number>;
}

interface Line {
  readonly bytes: Uint8Array;
  readonly signal: () => AbortSignal;
  readonly at: number;
  readonly done: (result: LineResult) => void;
}

const WRITTEN: LineResult = { written: true };

/** Lines on their way to one target. */
export class LineWriter {
  readonly #target: LineTarget;
  readonly #clock: Clock;
  #waiting: Line[] = [];
  #waitingBytes = 0;
  #running: Promise<void> | undefined;
  #torn = false;

  constructor(target: LineTarget, clock: Clock) {
    this.#target = target;
    this.#clock = clock;
  }

  /** Takes one line, newline included. The signal is asked for only when the line has waited long. */
  write(bytes: Uint8Array, signal: () => AbortSignal): Promise<LineResult> {
    if (this.#waitingBytes > 0 && this.#waitingBytes + bytes.length > MAX_WAITING_BYTES) {
      return Promise.resolve({ written: false, error: new Error("the reader is too slow, too much is waiting") });
    }
    return new Promise((resolve) => {
      this.#waiting.push({ bytes, signal, at: this.#clock.monotonic(), done: resolve });
      this.#waitingBytes += bytes.length;
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing is waiting. */
  async flushed(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // Handlers of one turn give all their lines before the first write.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#nextBatch();
      if (batch.length > 0) await this.#writeBatch(batch);
    }
    this.#running = undefined;
  }

  #nextBatch(): readonly Line[] {
    const staleBefore = this.#clock.monotonic() - STALE_MS;
    let bytes = 0;
    let taken = 0;
    const batch: Line[] = [];
    for (const line of this.#waiting) {
      if (taken > 0 && bytes + line.bytes.length > MAX_BATCH_BYTES) break;
      taken += 1;
      bytes += line.bytes.length;
      if (line.at < staleBefore && line.signal().aborted) {
        line.done({ written: false, error: new Error("given up before it could be written") });
      } else batch.push(line);
    }
    this.#waiting = this.#waiting.slice(taken);
    this.#waitingBytes -= bytes;
    return batch;
  }

  async #writeBatch(batch: readonly Line[]): Promise<void> {
    const parts = batch.map(({ bytes }) => bytes);
    if (this.#torn) parts.unshift(NEWLINE);
    const all = concat(parts);
    let written = 0;
    let error: unknown;
    try {
      while (written < all.length) written += await this.#writeSome(all.subarray(written));
    } catch (thrown) {
      error = thrown;
    }
    this.#report(batch, this.#torn ? written - 1 : written, error);
  }

  /** W2, W3: `written` counts from the first line; -1: not even the newline that mends the last one. */
  #report(batch: readonly Line[], written: number, error: unknown): void {
    let end = 0;
    let whole = written === 0;
    for (const { bytes, done } of batch) {
      end += bytes.length;
      if (end === written) whole = true;
      done(end <= written ? WRITTEN : { written: false, error });
    }
    if (written >= 0) this.#torn = !whole;
  }

  async #writeSome(bytes: Uint8Array): Promise<number> {
    for (;;) {
      try {
        return await this.#target.write(bytes);
      } catch (error) {
        if (!isErrno(error, "EAGAIN")) throw error;
        await new Promise<void>((resolve) => this.#clock.setTimer(AGAIN_MS, resolve, { keepAlive: true }));
      }
    }
  }
}

/** Whether an error is the named one of the system. */
export function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
