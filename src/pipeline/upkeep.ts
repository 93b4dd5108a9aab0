/**
 * Upkeep of deliveries that are out: time limits and leases. One timer per sink, not one per delivery: all have the same
 * limit, so the one that has been out longest is always the next to reach it.
 *
 * U1  At its time limit a delivery has failed, whether its handler ever answers or not.
 * U2  Leases are extended, all in one call, at each third of their length; so a slow handler keeps its lease, and two
 *     extensions may fail before one is lost.
 */
import { causeOf } from "../core/cause.ts";
import type { Clock, Timer } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { Store } from "../ports/store.ts";
import type { Delivery } from "./delivery.ts";

/** What upkeep looks after. */
export interface UpkeepOptions {
  readonly sink: string;
  readonly store: Pick<Store, "extend">;
  readonly clock: Clock;
  readonly now: () => number;
  readonly logger: Logger;
  readonly timeoutMs: number;
  readonly leaseMs: number;
  /** Deliveries that are out, the oldest first. */
  readonly running: ReadonlySet<Delivery>;
  /** Deliveries that ended and are not settled yet: their leases must live too. */
  readonly unsettled: () => Iterable<Delivery>;
  readonly timedOut: (delivery: Delivery) => void;
  /** The store says that the lease is over. */
  readonly lost: (delivery: Delivery) => void;
}

/** The timer that looks after one sink's deliveries. */
export class Upkeep {
  readonly #options: UpkeepOptions;
  #timer: Timer | undefined;
  #extendAt = 0;
  #failing = false;

  constructor(options: UpkeepOptions) {
    this.#options = options;
  }

  /** Something is out: the timer runs from now on. */
  begin(): void {
    if (this.#timer !== undefined) return;
    this.#extendAt = this.#options.clock.monotonic() + this.#options.leaseMs / 3;
    this.#arm();
  }

  /** Nothing is out. */
  end(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Extends the leases of all that is out; false when the store could not. */
  async extend(): Promise<boolean> {
    const { store, running, unsettled, leaseMs, now, lost, sink, logger } = this.#options;
    const held = [...running, ...unsettled()];
    if (held.length === 0) return true;
    try {
      const results = await store.extend(
        held.map(({ envelope }) => envelope.token),
        leaseMs,
        now(),
      );
      this.#failing = false;
      // One that was settled meanwhile is over too; `lost` looks only at what is still out.
      for (const [at, delivery] of held.entries()) if (results[at] === "stale") lost(delivery);
      return true;
    } catch (error) {
      if (!this.#failing) logger.error({ sink }, `${sink}: the store does not extend leases: ${causeOf(error)}`);
      this.#failing = true;
      return false;
    }
  }

  #arm(): void {
    const { clock, running, timeoutMs } = this.#options;
    const at = clock.monotonic();
    // With nothing out (ends wait for the store), the next to come can reach its limit no sooner than this.
    const [oldest = { startedAt: at }] = running;
    const waitMs = Math.max(0, Math.min(oldest.startedAt + timeoutMs, this.#extendAt) - at);
    this.#timer = clock.setTimer(waitMs, () => this.#due(), { keepAlive: true });
  }

  #due(): void {
    const { clock, running, unsettled, timeoutMs, leaseMs, timedOut } = this.#options;
    this.#timer = undefined;
    const at = clock.monotonic();
    for (const delivery of running) {
      if (delivery.startedAt + timeoutMs > at) break;
      timedOut(delivery);
    }
    if (at >= this.#extendAt) {
      this.#extendAt = at + leaseMs / 3;
      void this.extend();
    }
    const [left] = unsettled();
    if (running.size > 0 || left !== undefined) this.#arm();
  }
}
