/**
 * The events of the bench, the same for everybody: of ten one critical, two high, seven standard. Each has an id of its own, as
 * flat strings as those decoded from a socket, and all share one payload, which is not what is measured.
 */
import type { NewEnvelope } from "../../src/ports/store.ts";

const PAYLOAD = new Uint8Array(1_024);
const CLASSES = ["critical", "high", "standard"] as const;
/** Above every arrival number. */
const RANK = 2 ** 40;

/** The same event as a heap takes it: one number says its place, class first, then arrival. */
export interface HeapItem {
  readonly order: number;
  readonly id: string;
  readonly key: string | undefined;
  readonly payload: Uint8Array;
}

export class Events {
  readonly #keys: readonly string[];
  #given = 0;

  constructor(keys: number) {
    this.#keys = Array.from({ length: keys }, (_, index) => flat(`conversation-${index}`));
  }

  envelopes(count: number): NewEnvelope[] {
    return Array.from({ length: count }, () => {
      const { rank, id, key } = this.#next();
      return { id, class: CLASSES[rank] ?? "standard", key, payload: PAYLOAD, sinks: ["s"] };
    });
  }

  items(count: number): HeapItem[] {
    return Array.from({ length: count }, () => {
      const { rank, id, key } = this.#next();
      return { order: rank * RANK + this.#given, id, key, payload: PAYLOAD };
    });
  }

  #next(): { readonly rank: number; readonly id: string; readonly key: string | undefined } {
    this.#given += 1;
    const place = this.#given % 10;
    const key = this.#keys[(this.#given * 7_919) % this.#keys.length];
    return { rank: place === 0 ? 0 : place < 3 ? 1 : 2, id: flat(`event-${this.#given}`), key };
  }
}

/** A string that was put together is a tree of its parts until it is read. */
function flat(text: string): string {
  return Buffer.from(text, "latin1").toString("latin1");
}
