/**
 * The truth: each event produced, and the sockets it went to.
 *
 * L1. `n` grows by one with each event and is never given twice; a reset empties the list and does not set `n` back.
 * L2. Memory is bounded: beyond the cap the oldest events go, and `oldest` tells the first that is still known.
 * L3. `sockets` names each socket the frame was written to; `withheld` those from which a fault kept it back.
 * L4. The platform's frames carry no id, so a receiver finds its event by topic and `hash`: the first 16 hex digits of the SHA-256 of the
 *     body's text, exactly as it stands in the frame.
 */
import { hash } from "node:crypto";

/** One event that was produced. */
export interface LedgerEvent {
  readonly n: number;
  readonly topic: string;
  /** What the event is about (the conversation, else the user or the queue), or `""`. */
  readonly key: string;
  /** Epoch milliseconds. */
  readonly at: number;
  /** Of the body (L4); empty when the traffic made the event and nobody listened: such a body is never written. */
  readonly hash: string;
  /** Sockets it was sent on; empty when nobody listened. */
  readonly sockets: readonly string[];
  /** Sockets that should have got it, had a fault not swallowed it. */
  readonly withheld?: readonly string[];
}

/** A page of the ledger. */
export interface LedgerPage {
  readonly events: readonly LedgerEvent[];
  /** Give this as `after` for the next page. */
  readonly next: number;
  /** Events produced since the start or the last reset. */
  readonly total: number;
  /** The smallest `n` still known; larger than asked for when the cap took some. */
  readonly oldest: number;
}

/** The first 16 hex digits of SHA-256. */
export function bodyHash(bodyText: string): string {
  return hash("sha256", bodyText, "hex").slice(0, 16);
}

/** A bounded list of what was produced, as a ring of columns: an object for each event would be most of the work of a fast emulator. */
export class Ledger {
  readonly #capacity: number;
  #topics: string[] = [];
  #keys: string[] = [];
  #instants: number[] = [];
  #hashes: string[] = [];
  #sockets: (readonly string[])[] = [];
  readonly #withheld = new Map<number, readonly string[]>();
  /** Events ever recorded: the last `n`. */
  #last = 0;
  /** `n` before the first event that is known. */
  #before = 0;
  /** The last `n` when the ledger was reset. */
  #resetAt = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Records an event and gives its number. */
  add(topic: string, key: string, at: number, hashOfBody: string, sockets: readonly string[]): number {
    this.#last += 1;
    const slot = this.#slot(this.#last);
    this.#topics[slot] = topic;
    this.#keys[slot] = key;
    this.#instants[slot] = at;
    this.#hashes[slot] = hashOfBody;
    this.#sockets[slot] = sockets;
    if (this.#last - this.#before > this.#capacity) {
      this.#before += 1;
      if (this.#withheld.size > 0) this.#withheld.delete(this.#before);
    }
    return this.#last;
  }

  /** Events with `n` above `after`, oldest first. */
  page(after = 0, limit = 1000): LedgerPage {
    const from = Math.max(after, this.#before);
    const to = Math.min(this.#last, from + limit);
    const events: LedgerEvent[] = [];
    for (let n = from + 1; n <= to; n += 1) events.push(this.#event(n));
    return { events, next: Math.max(to, after), total: this.#last - this.#resetAt, oldest: this.#before + 1 };
  }

  /** The frame of an event didn't get to these sockets, or not after all. */
  withhold(n: number, names: readonly string[]): void {
    if (n <= this.#before || n > this.#last) return;
    const slot = this.#slot(n);
    this.#sockets[slot] = (this.#sockets[slot] ?? []).filter((name) => !names.includes(name));
    this.#withheld.set(n, [...(this.#withheld.get(n) ?? []), ...names]);
  }

  reset(): void {
    this.#topics = [];
    this.#keys = [];
    this.#instants = [];
    this.#hashes = [];
    this.#sockets = [];
    this.#withheld.clear();
    this.#before = this.#last;
    this.#resetAt = this.#last;
  }

  #event(n: number): LedgerEvent {
    const slot = this.#slot(n);
    const withheld = this.#withheld.get(n);
    return {
      n,
      topic: this.#topics[slot] as string,
      key: this.#keys[slot] as string,
      at: this.#instants[slot] as number,
      hash: this.#hashes[slot] as string,
      sockets: this.#sockets[slot] as readonly string[],
      ...(withheld !== undefined && { withheld }),
    };
  }

  #slot(n: number): number {
    return (n - this.#resetAt - 1) % this.#capacity;
  }
}
