/**
 * Reclaim: the one timer of a work queue. It stands at the store's next due instant (the end of a lease, of a backoff, of an
 * envelope's time), so nobody polls; when it fires, leases that ran out are taken back and the sinks are woken.
 *
 * R1  The leases of deliveries that are out in this process are extended first: after the process was asleep or its event
 *     loop blocked, or the wall clock stepped, a delivery that still runs is not handed over a second time.
 * R2  While the store refuses to work, the timer backs off; one line is logged.
 * R3  Whoever uses the store at or after a due instant, for figures say, ends what was due, and then nothing is due any more.
 *     So an instant that has come wakes the sinks in any case.
 */
import { backoffMs } from "../core/backoff.ts";
import { causeOf } from "../core/cause.ts";
import { isRingfirstError } from "../errors.ts";
import type { Clock, Timer } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { ReclaimedLease, Store } from "../ports/store.ts";

const RETRY = { initialMs: 50, maxMs: 5_000 };
/** What is due stays due after a reclaim only where hands are missing; then a look at this pace is plenty. */
const STILL_DUE_MS = 10;

/** What the timer needs. */
export interface ReclaimerOptions {
  readonly store: Pick<Store, "nextDueAt" | "reclaim">;
  readonly clock: Clock;
  readonly now: () => number;
  readonly logger: Logger;
  /** R1; false when the store could not. */
  readonly extendHeld: () => Promise<boolean>;
  /** After each reclaim, with what it ended. */
  readonly reclaimed: (leases: readonly ReclaimedLease[]) => void;
}

/** The timer at the store's next due instant. */
export class Reclaimer {
  readonly #options: ReclaimerOptions;
  #timer: Timer | undefined;
  #armedFor = Infinity;
  #busy = false;
  #failures = 0;
  #stopped = true;

  constructor(options: ReclaimerOptions) {
    this.#options = options;
  }

  /** Looks again at what is due next; cheap when the timer stands early enough. */
  refresh(): void {
    if (this.#busy || this.#stopped || this.#failures > 0) return;
    const due = this.#options.store.nextDueAt();
    // An instant that has come is not given up: another verb has ended what was due, and nobody was told (R3).
    if (due === undefined && this.#armedFor > this.#options.now()) this.#disarm();
    else if (due !== undefined && due < this.#armedFor) this.#arm(due, 0);
  }

  start(): void {
    this.#stopped = false;
    this.refresh();
  }

  stop(): void {
    this.#stopped = true;
    this.#failures = 0;
    this.#disarm();
  }

  #arm(due: number, atLeastMs: number): void {
    this.#timer?.cancel();
    this.#armedFor = due;
    // Rounded up: a timer that fires a fraction early would only have to be set again.
    const waitMs = Math.max(atLeastMs, Math.ceil(due - this.#options.now()));
    this.#timer = this.#options.clock.setTimer(waitMs, () => this.#fire(), { keepAlive: true });
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#armedFor = Infinity;
  }

  #fire(): void {
    this.#armedFor = Infinity;
    const due = this.#options.store.nextDueAt();
    if (due !== undefined && due <= this.#options.now()) {
      void this.#reclaim();
      return;
    }
    // R3.
    this.#options.reclaimed([]);
    if (due !== undefined) this.#arm(due, 0);
  }

  async #reclaim(): Promise<void> {
    const { store, now, extendHeld, reclaimed } = this.#options;
    this.#timer = undefined;
    this.#busy = true;
    try {
      if (!(await extendHeld())) throw new Error("leases can't be extended");
      const leases = await store.reclaim(now());
      this.#busy = false;
      this.#failures = 0;
      reclaimed(leases);
      this.#again();
    } catch (error) {
      this.#busy = false;
      this.#failed(error);
    }
  }

  #again(): void {
    if (this.#stopped) return;
    const due = this.#options.store.nextDueAt();
    if (due !== undefined) this.#arm(due, due <= this.#options.now() ? STILL_DUE_MS : 0);
  }

  #failed(error: unknown): void {
    if (this.#stopped || (isRingfirstError(error) && error.code === "RF_QUEUE_CLOSED")) return;
    const { clock, logger } = this.#options;
    this.#failures += 1;
    if (this.#failures === 1) logger.error({}, `the store does not reclaim leases: ${causeOf(error)}; tried again`);
    const waitMs = backoffMs(RETRY, this.#failures, clock.random(), 1);
    this.#timer = clock.setTimer(waitMs, () => void this.#reclaim(), { keepAlive: true });
  }
}
