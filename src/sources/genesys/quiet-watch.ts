/**
 * Watches one line for a silence that is too long for this hour (`core/quiet-baseline.ts`): heartbeats go on, and nothing else
 * comes. That may be a list that the platform forgot, which is looked into, or a channel that it serves no more, which is left.
 */
import { QuietBaseline } from "../../core/quiet-baseline.ts";
import type { Clock, Timer } from "../../ports/clock.ts";
import type { Logger } from "../../ports/logger.ts";

/** What {@link QuietWatch} takes. */
export interface QuietWatchOptions {
  /** For people: `channel 1`. */
  readonly name: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether events could come at this moment. */
  readonly isListening: () => boolean;
  /** It is too quiet since then (epoch milliseconds); once for each silence. */
  readonly tooQuiet: (reason: string, since: number) => void;
}

const MINUTE_MS = 60_000;

/** The watch of one line. */
export class QuietWatch {
  readonly #options: QuietWatchOptions;
  readonly #baseline = new QuietBaseline();
  #timer: Timer | undefined;
  #hasEvents = false;
  /** All of the minute, events could come. */
  #isWhole = false;
  #reason: string | undefined;

  constructor(options: QuietWatchOptions) {
    this.#options = options;
  }

  /** Why it is too quiet; undefined: it is not, or too little is known. */
  get reason(): string | undefined {
    return this.#reason;
  }

  start(): void {
    this.#timer ??= this.#options.clock.setTimer(MINUTE_MS, () => this.#onMinute());
  }

  /** An event came. */
  event(): void {
    this.#hasEvents = true;
    if (this.#reason !== undefined) this.#end("events come again");
  }

  /** For a while events could not come: this minute says nothing. */
  interrupt(): void {
    this.#isWhole = false;
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #onMinute(): void {
    const { clock, isListening } = this.#options;
    this.#timer = clock.setTimer(MINUTE_MS, () => this.#onMinute());
    const isWhole = this.#isWhole && isListening();
    this.#isWhole = isListening();
    const hasEvents = this.#hasEvents;
    this.#hasEvents = false;
    if (!isWhole) this.#baseline.interrupt();
    else this.#look(clock.now(), hasEvents);
  }

  #look(now: number, hasEvents: boolean): void {
    const { name, logger, tooQuiet } = this.#options;
    const { isTooQuiet, silentMinutes } = this.#baseline.minute(now, hasEvents);
    if (!isTooQuiet || this.#reason !== undefined) return;
    const percent = Math.round((this.#baseline.share(now - MINUTE_MS) ?? 0) * 100);
    const usual = `at this hour something comes in ${percent} % of the minutes`;
    this.#reason = `too quiet: heartbeats only, for ${silentMinutes} minutes, and ${usual}`;
    logger.warn({ channel: name, silentMinutes, percent }, `${name}: ${this.#reason}`);
    // The last event came within the minute before.
    tooQuiet(this.#reason, now - (silentMinutes + 1) * MINUTE_MS);
  }

  #end(why: string): void {
    const { name, logger } = this.#options;
    this.#reason = undefined;
    logger.info({ channel: name }, `${name}: ${why}`);
  }
}
