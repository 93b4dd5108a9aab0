/**
 * Virtual time: one heap of events. Nothing else in a simulation moves it.
 *
 * - V1  Events run by instant; among equal instants the seed decides, so interleavings differ from seed to seed.
 * - V2  Between two events all microtasks have run: Node runs them after each `setImmediate`, which waits for nothing.
 * - V3  Same seed, same code: the same events in the same order (`trace` hashes them).
 */
import { type Chance, hashOf } from "./chance.ts";

/** An event to come. */
export interface Due {
  readonly at: number;
  cancelled: boolean;
}

interface Event extends Due {
  readonly tie: number;
  readonly run: () => void;
  /** Nothing of the service runs in it, so there are no microtasks to wait for. */
  readonly outside: boolean;
}

/** V2. */
const STEPS_A_TURN = 50;

/** Virtual time (see the top of this file). */
export class Timeline {
  readonly #chance: Chance;
  readonly #heap: Event[] = [];
  #now = 0;
  #steps = 0;
  #hash = 0x811c9dc5;
  #lines: string[] | undefined;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  /** Milliseconds since the simulation began. */
  get now(): number {
    return this.#now;
  }

  get steps(): number {
    return this.#steps;
  }

  /** What happened so far, as a number. */
  get hash(): string {
    return this.#hash.toString(16).padStart(8, "0");
  }

  /** Keeps the newest lines, to be shown when something is wrong. */
  keepLines(): void {
    this.#lines = [];
  }

  get lines(): readonly string[] {
    return this.#lines ?? [];
  }

  /** Notes something that happened. */
  trace(what: string): void {
    const line = `${this.#now.toFixed(3)} ${what}`;
    this.#hash = hashOf(line, this.#hash);
    this.#lines?.push(line);
  }

  at(at: number, run: () => void, outside = false): Due {
    const event: Event = { at: Math.max(at, this.#now), tie: this.#chance.next(), run, outside, cancelled: false };
    this.#push(event);
    return event;
  }

  after(ms: number, run: () => void, outside = false): Due {
    return this.at(this.#now + ms, run, outside);
  }

  /** Lets everything happen that is due until then. */
  runUntil(until: number): Promise<void> {
    return new Promise((resolve, reject) => {
      let over = false;
      const end = (how: () => void): void => {
        over = true;
        how();
      };
      const step = (): void => {
        if (over) return;
        try {
          if (!this.#runNext(until)) end(resolve);
        } catch (error) {
          // As it is: whoever awaits this decides what to make of it.
          end(() => reject(error));
        }
      };
      // Some at once: a turn of Node's loop for each would cost more than most events.
      const turn = (): void => {
        if (over) return;
        for (let left = STEPS_A_TURN; left > 0; left -= 1) setImmediate(step);
        setImmediate(turn);
      };
      turn();
    });
  }

  /** The next event, and those before it that are outside. Answers whether there was one. */
  #runNext(until: number): boolean {
    for (let next = this.#heap[0]; next !== undefined && next.at <= until; next = this.#heap[0]) {
      this.#pop();
      if (next.cancelled) continue;
      this.#now = next.at;
      this.#steps += 1;
      next.run();
      if (!next.outside) return true;
    }
    this.#now = Math.max(this.#now, until);
    return false;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let place = heap.length;
    heap.push(event);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!before(event, heap[parent]!)) break;
      heap[place] = heap[parent]!;
      place = parent;
    }
    heap[place] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let place = 0;
    for (let child = 1; child < heap.length; child = 2 * place + 1) {
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1;
      if (!before(heap[child]!, last)) break;
      heap[place] = heap[child]!;
      place = child;
    }
    heap[place] = last;
  }
}

function before(a: Event, b: Event): boolean {
  return a.at === b.at ? a.tie < b.tie : a.at < b.at;
}
