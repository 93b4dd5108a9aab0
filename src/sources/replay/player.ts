/**
 * Plays a recording: reads it, waits until each event is due, and hands it to the source it came by.
 *
 *  Y1  Order is the recording's. An event is never early; how late it was is counted.
 *  Y2  While anybody is held back, nothing is read on: the file waits. What is late then comes at once, not slower than recorded.
 *  Y3  A wrong line is told and passed over. What makes the whole recording unusable ends the play, told.
 *  Y4  A played event is a new one: it arrives now, with the origin `replayed`.
 */
import type { RecordedEvent } from "../../core/recording.ts";
import { type RecordingItem, type RecordingLimits, RecordingReader } from "../../core/recording-read.ts";
import { causeOf } from "../../core/cause.ts";
import type { Clock } from "../../ports/clock.ts";
import { delay } from "../../ports/clock.ts";
import type { ReceivedEvent } from "../../ports/source.ts";

/** A recording's bytes, in pieces of any size. */
export type RecordingBytes = AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>;

/** How a recording is played. */
export interface PlayOptions {
  /** How many times as fast as it was recorded; `max`: as fast as it is taken. @defaultValue `1` */
  readonly speed?: number | "max";
  /** From the beginning again at the end, until the source is closed. @defaultValue `false` */
  readonly loop?: boolean;
  /** Only events so many milliseconds after the recording began, or later; the first of them is due at once. @defaultValue all */
  readonly fromMs?: number;
  /** Only events before this, milliseconds after the recording began. @defaultValue all */
  readonly toMs?: number;
  readonly limits?: RecordingLimits;
  /** Told of each line that is no event. @defaultValue logged, the first few one by one */
  readonly onWrongLine?: (message: string) => void;
}

/** What came of a play. */
export interface ReplayReport {
  /** Events handed on. */
  readonly events: number;
  /** Lines that were no events. */
  readonly wrongLines: number;
  /** Whether the last line was cut off. */
  readonly torn: boolean;
  readonly rounds: number;
  /** How much later than due events were handed on; undefined at speed `max`, where nothing is due. */
  readonly lateMs: { readonly mean: number; readonly max: number } | undefined;
  /** `end`: all was played; `closed`: the source was closed first; `unusable`: the recording could not be read (on). */
  readonly ended: "end" | "closed" | "unusable";
  readonly reason: string | undefined;
}

/** Where events go. */
export interface PlayTarget {
  readonly clock: Clock;
  /** Takes one event of the recording's source of that name. */
  take(source: string, event: ReceivedEvent): void;
  /** Resolves when nobody is held back; undefined: nobody is. */
  room(): Promise<void> | undefined;
  /** A line that is no event. */
  wrongLine(message: string): void;
}

/** Events handed on without letting anything else have its turn. */
const MAX_RUN = 256;

/** Plays until the end, or until `signal` is aborted; never rejects. */
export async function play(
  open: () => RecordingBytes,
  options: PlayOptions,
  target: PlayTarget,
  signal: AbortSignal,
): Promise<ReplayReport> {
  const player = new Player(options, target, signal);
  const told = (ended: ReplayReport["ended"], reason?: string): ReplayReport => player.report(ended, reason);
  try {
    do {
      const before = player.events;
      await player.round(open());
      if (player.events === before) break;
    } while (options.loop === true);
    return told("end");
  } catch (error) {
    return signal.aborted ? told("closed") : told("unusable", causeOf(error));
  }
}

class Player {
  events = 0;
  readonly #options: PlayOptions;
  readonly #target: PlayTarget;
  readonly #signal: AbortSignal;
  readonly #speed: number;
  #rounds = 0;
  #wrongLines = 0;
  #torn = false;
  #lateSum = 0;
  #lateMax = 0;
  #run = 0;
  /** When this round began, by the clock that never steps. */
  #begunAt = 0;

  constructor(options: PlayOptions, target: PlayTarget, signal: AbortSignal) {
    this.#options = options;
    this.#target = target;
    this.#signal = signal;
    this.#speed = options.speed === "max" ? Number.POSITIVE_INFINITY : (options.speed ?? 1);
  }

  async round(bytes: RecordingBytes): Promise<void> {
    const encoder = new TextEncoder();
    const reader = new RecordingReader(this.#options.limits);
    this.#rounds += 1;
    this.#begunAt = this.#target.clock.monotonic();
    for await (const piece of bytes) {
      this.#signal.throwIfAborted();
      const items = reader.push(typeof piece === "string" ? encoder.encode(piece) : piece);
      if (await this.#items(items)) return;
    }
    await this.#items(reader.end());
  }

  report(ended: ReplayReport["ended"], reason: string | undefined): ReplayReport {
    const mean = this.events === 0 ? 0 : this.#lateSum / this.events;
    return {
      events: this.events,
      wrongLines: this.#wrongLines,
      torn: this.#torn,
      rounds: this.#rounds,
      lateMs: Number.isFinite(this.#speed) ? { mean, max: this.#lateMax } : undefined,
      ended,
      reason,
    };
  }

  /** True: the part that was asked for is over. */
  async #items(items: readonly RecordingItem[]): Promise<boolean> {
    const { fromMs = 0, toMs = Number.POSITIVE_INFINITY } = this.#options;
    for (const item of items) {
      if (item.kind === "torn") this.#torn = true;
      if (item.kind === "wrong" && this.#rounds === 1) {
        this.#wrongLines += 1;
        this.#target.wrongLine(item.message);
      }
      if (item.kind !== "event" || item.event.at < fromMs) continue;
      if (item.event.at >= toMs) return true;
      const dueMs = (item.event.at - fromMs) / this.#speed;
      // Nothing is awaited where there is nothing to wait for: at full speed that would be most of the work.
      if (this.#mustWait(dueMs)) await this.#wait(dueMs);
      this.#hand(item.event, dueMs);
    }
    return false;
  }

  #mustWait(dueMs: number): boolean {
    if (this.#run >= MAX_RUN || this.#signal.aborted || this.#target.room() !== undefined) return true;
    return this.#leftMs(dueMs) > 0;
  }

  async #wait(dueMs: number): Promise<void> {
    const { clock } = this.#target;
    const leftMs = this.#leftMs(dueMs);
    if (leftMs > 0) await delay(keptAlive(clock), leftMs, this.#signal);
    else if (this.#run >= MAX_RUN) await new Promise<void>((resolve) => clock.defer(resolve));
    this.#run = 0;
    for (let room = this.#target.room(); room !== undefined; room = this.#target.room()) await room;
    this.#signal.throwIfAborted();
  }

  #leftMs(dueMs: number): number {
    return dueMs <= 0 ? 0 : this.#begunAt + dueMs - this.#target.clock.monotonic();
  }

  #hand({ source, topic, body, encoding, key, id, type, correlationId }: RecordedEvent, dueMs: number): void {
    const late = Math.max(0, this.#target.clock.monotonic() - this.#begunAt - dueMs);
    this.#lateSum += late;
    this.#lateMax = Math.max(this.#lateMax, late);
    this.events += 1;
    this.#run += 1;
    this.#target.take(source, {
      topic,
      body,
      encoding,
      origin: "replayed",
      receivedAt: this.#target.clock.now(),
      // An id names one event for good: in another round it is another event.
      id: id === undefined || this.#rounds === 1 ? id : `${id} (round ${this.#rounds})`,
      key,
      type,
      correlationId,
    });
  }
}

/** A play that waits for the next event is work, and keeps the process alive. */
function keptAlive(clock: Clock): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    random: () => clock.random(),
    uuid: () => clock.uuid(),
    defer: (fn) => clock.defer(fn),
    setTimer: (delayMs, fn) => clock.setTimer(delayMs, fn, { keepAlive: true }),
  };
}
