/**
 * Where log lines leave the process: a file descriptor, written in the background, one write at a time.
 *
 *  D1 `write` never waits and never throws: a reader that has stopped reading (a full pipe) must not hold up the service.
 *  D2 At most `maxBytes` wait. What comes beyond is dropped and counted, and the count is written as soon as there is room.
 *  D3 A descriptor that is gone (EPIPE, EBADF) ends the output quietly: there is nobody left to tell.
 */
import { write as writeFd } from "node:fs";

/** Bytes joined into one write. */
const BATCH_BYTES = 65_536;
/** A descriptor in non-blocking mode says EAGAIN; it is tried again after so long. */
const BUSY_MS = 20;

/** Takes whole lines, with their newline. */
export interface LogDestination {
  write(line: string): void;
  /** Resolves when all that waited is written, or after `withinMs`; what can't be written stays unwritten. */
  flush(withinMs: number): Promise<void>;
  /** Lines dropped so far. */
  readonly droppedCount: number;
}

/** How {@link fdDestination} behaves. */
export interface LogDestinationOptions {
  /** Bytes that may wait. @defaultValue 1 MiB */
  readonly maxBytes?: number;
  /** The line that tells how many were dropped. */
  readonly droppedNote: (count: number) => string;
}

/** A destination on a file descriptor: 2 is stderr. */
export function fdDestination(fd: number, options: LogDestinationOptions): LogDestination {
  return new FdDestination(fd, options);
}

class FdDestination implements LogDestination {
  readonly #fd: number;
  readonly #maxBytes: number;
  readonly #droppedNote: (count: number) => string;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #writing = false;
  #dead = false;
  #dropped = 0;
  #noted = 0;
  #flushed: (() => void)[] = [];

  constructor(fd: number, options: LogDestinationOptions) {
    this.#fd = fd;
    this.#maxBytes = options.maxBytes ?? 1_048_576;
    this.#droppedNote = options.droppedNote;
  }

  get droppedCount(): number {
    return this.#dropped;
  }

  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#dead || this.#waitingBytes + bytes.length > this.#maxBytes) {
      this.#dropped += 1;
      return;
    }
    this.#noteDropped();
    this.#push(bytes);
    this.#next();
  }

  flush(withinMs: number): Promise<void> {
    if (!this.#writing) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.#flushed.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #push(bytes: Buffer): void {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
  }

  /** D2: the count goes out before the first line that found room again. */
  #noteDropped(): void {
    if (this.#dropped === this.#noted) return;
    this.#push(Buffer.from(this.#droppedNote(this.#dropped - this.#noted)));
    this.#noted = this.#dropped;
  }

  #next(): void {
    if (this.#writing || this.#dead) return;
    if (this.#waiting.length === 0) this.#noteDropped();
    if (this.#waiting.length === 0) {
      for (const resolve of this.#flushed.splice(0)) resolve();
      return;
    }
    this.#writing = true;
    this.#send(this.#takeBatch());
  }

  #takeBatch(): Buffer {
    let count = 0;
    let bytes = 0;
    for (const line of this.#waiting) {
      if (count > 0 && bytes + line.length > BATCH_BYTES) break;
      count += 1;
      bytes += line.length;
    }
    return Buffer.concat(this.#waiting.splice(0, count), bytes);
  }

  #send(batch: Buffer): void {
    writeFd(this.#fd, batch, (error, written) => {
      if (error !== null) {
        if (error.code === "EAGAIN") setTimeout(() => this.#send(batch), BUSY_MS).unref();
        else this.#die();
        return;
      }
      this.#waitingBytes -= written;
      if (written < batch.length) {
        this.#send(batch.subarray(written));
        return;
      }
      this.#writing = false;
      this.#next();
    });
  }

  /** D3. */
  #die(): void {
    this.#dead = true;
    this.#writing = false;
    this.#waiting = [];
    for (const resolve of this.#flushed.splice(0)) resolve();
  }
}
