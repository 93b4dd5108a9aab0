/**
 * Questions to the API with the least hurry: what fails in passing is asked again, the platform's waits and the client's budget are
 * obeyed, and a call that is refused for a missing permission is not repeated for each person.
 *
 * - W1  After `close` nothing is sent, and nothing waits.
 */
import { backoffMs } from "../../../core/backoff.ts";
import { failedCall, refusedCall, type Trouble } from "../../../core/reconcile-findings.ts";
import type { Clock, Timer } from "../../../ports/clock.ts";
import type { ApiAnswer, ApiCall, GenesysApi } from "../rest.ts";

/** The answer to a question. */
export type Told =
  | { readonly kind: "told"; readonly json: unknown }
  /** 404. */
  | { readonly kind: "gone" }
  | { readonly kind: "untold"; readonly trouble: Trouble; readonly isRefused: boolean };

const BACKOFF = { initialMs: 1_000, maxMs: 30_000 };
const ATTEMPTS = 5;
/** Waits that the platform or the budget asks for; some windows long. */
const WAITS = 60;
/** A permission may be given meanwhile. */
const REFUSED_MS = 300_000;
/** A wait that is a window's, and no guess. */
const LONG_WAIT_MS = 5_000;
/** Whoever waits for a window goes on at a moment of its own. */
const SPREAD_MS = 1_000;
const CLOSED: Told = { kind: "untold", trouble: failedCall("the source was closed"), isRefused: false };

/** Asks. */
export class Asker {
  readonly #api: GenesysApi;
  readonly #clock: Clock;
  readonly #untold: () => void;
  /** Families of calls that the platform refuses, with the answer and until when (monotonic). */
  readonly #refused = new Map<string, { readonly told: Told; readonly until: number }>();
  readonly #waits = new Map<Timer, () => void>();
  #closed = false;

  /** `untold`: a question has no answer. */
  constructor(api: GenesysApi, clock: Clock, untold: () => void) {
    this.#api = api;
    this.#clock = clock;
    this.#untold = untold;
  }

  /** `family`: calls that need the same permission. */
  async ask(family: string, call: Pick<ApiCall, "method" | "path" | "body">): Promise<Told> {
    let attempts = 0;
    let waits = 0;
    for (;;) {
      const known = this.#refused.get(family);
      if (known !== undefined && known.until > this.#clock.monotonic()) return known.told;
      if (this.#closed) return CLOSED;
      const answer = await this.#api.call({ ...call, priority: "reconcile" });
      if (this.#closed) return CLOSED;
      if (answer.kind !== "failed") return this.#read(family, answer);
      const { retryAfterMs } = answer;
      if (retryAfterMs === undefined) attempts += 1;
      else waits += 1;
      if (attempts >= ATTEMPTS || waits >= WAITS) {
        this.#untold();
        return { kind: "untold", trouble: failedCall(answer.reason), isRefused: false };
      }
      // A wait that did not help is made longer: a platform may refuse one kind of call for long, and name no time or a short one.
      const backoff = backoffMs(BACKOFF, attempts + waits, this.#clock.random());
      await this.sleep(
        retryAfterMs === undefined
          ? backoff
          : retryAfterMs + SPREAD_MS * this.#clock.random() + (waits > 1 && retryAfterMs < LONG_WAIT_MS ? backoff : 0),
      );
    }
  }

  /** Resolves after so long, or at once when all is over. */
  sleep(ms: number): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#clock.setTimer(ms, () => {
        this.#waits.delete(timer);
        resolve();
      });
      this.#waits.set(timer, resolve);
    });
  }

  /** W1. */
  close(): void {
    this.#closed = true;
    for (const [timer, resolve] of this.#waits) {
      timer.cancel();
      resolve();
    }
    this.#waits.clear();
  }

  #read(family: string, answer: Exclude<ApiAnswer, { readonly kind: "failed" }>): Told {
    if (answer.kind === "ok") return { kind: "told", json: answer.json };
    if (answer.kind === "gone") return { kind: "gone" };
    this.#untold();
    const told: Told = { kind: "untold", trouble: refusedCall(answer.reason), isRefused: true };
    // A division may be seen where another is not, so that says nothing about the next one.
    if (/^missing\.(?:any\.)?permissions$/u.test(answer.code))
      this.#refused.set(family, { told, until: this.#clock.monotonic() + REFUSED_MS });
    return told;
  }
}
