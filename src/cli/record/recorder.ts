/**
 * What sources give, as lines in a target.
 *
 *  O1  Order is that of arrival; the time of an event is that at which the source gave it.
 *  O2  What waits to be written is bounded: above the high mark `hold(true)` asks the sources to wait, below the low mark `hold(false)` lets them
 *      go on.
 *  O3  The limit of bytes is never passed; the event that would pass it ends the recording.
 *  O4  A target that fails ends the recording; what was written before stays.
 */
import type { Anonymiser } from "../../core/anonymise.ts";
import { encodeRecordedEvent, encodeRecordingHeader, RECORDING_VERSION } from "../../core/recording.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ReceivedEvent } from "../../ports/source.ts";
import type { RecordTarget } from "./target.ts";

/** Why a recording ended by itself. */
export type RecordingEnd = { readonly kind: "full" } | { readonly kind: "failed"; readonly error: unknown };

/** What a recorder is made with. */
export interface RecorderOptions {
  readonly clock: Clock;
  readonly target: RecordTarget;
  readonly sources: readonly string[];
  readonly anonymiser: Anonymiser | undefined;
  readonly maxBytes: number | undefined;
  readonly hold: (held: boolean) => void;
  /** Called once. */
  readonly ended: (end: RecordingEnd) => void;
}

const HIGH_BYTES = 8 * 2 ** 20;
const LOW_BYTES = 2 * 2 ** 20;

/** Records until it is finished, or ends by itself. */
export class Recorder {
  /** Events whose lines were taken. */
  events = 0;
  /** Bytes written or waiting to be. */
  bytes = 0;
  readonly bySource: Map<string, number> = new Map();
  readonly #options: RecorderOptions;
  readonly #begunAt: number;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> | undefined;
  #held = false;
  #isOver = false;
  #failed = false;

  constructor(options: RecorderOptions) {
    this.#options = options;
    const { clock, sources, anonymiser } = options;
    this.#begunAt = clock.monotonic();
    const now = clock.now();
    this.#add(
      encodeRecordingHeader({
        version: RECORDING_VERSION,
        startedAt: anonymiser?.instant(now) ?? now,
        sources,
        anonymised: anonymiser !== undefined,
      }),
    );
  }

  /** False: the target is behind. What comes after the end is not recorded. */
  take(source: string, event: ReceivedEvent): boolean {
    if (this.#isOver) return true;
    const { clock, anonymiser, maxBytes = Number.POSITIVE_INFINITY, ended } = this.#options;
    const { topic, body, encoding, origin, key, id, type, correlationId } = event;
    const at = clock.monotonic() - this.#begunAt;
    const plain = { at, source, topic, body, encoding, origin, key, id, type, correlationId };
    const line = encodeRecordedEvent(anonymiser?.event(plain) ?? plain);
    if (this.bytes + line.length > maxBytes) {
      this.#isOver = true;
      ended({ kind: "full" });
      return true;
    }
    this.events += 1;
    this.bySource.set(source, (this.bySource.get(source) ?? 0) + 1);
    this.#add(line);
    return !this.#held;
  }

  /** Takes nothing more, and resolves when all is written and safe. @throws what the target threw */
  async finish(): Promise<void> {
    this.#isOver = true;
    await this.#writing;
    await this.#options.target.close();
  }

  #add(line: Uint8Array): void {
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
    this.bytes += line.length;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
    if (!this.#held && this.#waitingBytes > HIGH_BYTES) this.#hold(true);
  }

  async #write(): Promise<void> {
    // What comes in the same turn is one write.
    await Promise.resolve();
    while (this.#waiting.length > 0 && !this.#failed) {
      const bytes = Buffer.concat(this.#waiting);
      this.#waiting = [];
      try {
        await this.#options.target.write(bytes);
      } catch (error) {
        this.#fail(error);
      }
      this.#waitingBytes -= bytes.length;
      if (this.#held && this.#waitingBytes <= LOW_BYTES) this.#hold(false);
    }
  }

  #fail(error: unknown): void {
    this.#failed = true;
    this.#isOver = true;
    this.#options.ended({ kind: "failed", error });
  }

  #hold(held: boolean): void {
    this.#held = held;
    this.#options.hold(held);
  }
}
