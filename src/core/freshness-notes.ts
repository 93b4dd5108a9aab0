/**
 * What live events said last, by object and topic, as bytes in one ring: noting one costs a copy and a look into a map, nothing is
 * parsed. Only what somebody asks about is read again.
 *
 * ```
 *   ring   [··· young ···][head ─► free or about to go ][··· old ···]
 *           notes are written around it; what is written over is forgotten, the longest unseen first
 * ```
 * F1  Of an object and a topic the last event is known, byte for byte, or nothing is.
 * F2  Bodies take no more room than the ring has; the note that was made last is always there.
 */

/** The last event of one object on one topic. */
export interface Note {
  /** In the form in which topics are compared. */
  readonly topic: string;
  /** Epoch milliseconds: when it was received. */
  readonly at: number;
  /** Counted over all notes and marks: what is noted later has a greater one. */
  readonly seq: number;
  /** It was asked for and handed on; no live event said it. */
  readonly isAsked: boolean;
  /** A view, good until the next note is made; undefined: the body was too long to be kept. */
  readonly body: Uint8Array | undefined;
}

/** When a question was sent. */
export interface Sent {
  /** Epoch milliseconds. */
  readonly at: number;
  /** Of the notes. */
  readonly mark: number;
}

/** When a state was received; epoch milliseconds. */
export type Received =
  /** By a live event, which the provider has not sent before `sentAfter`. */
  | { readonly at: number; readonly sentAfter: number }
  /** By an answer that is handed on. */
  | { readonly at: number; readonly asked: Sent };

/** The end of a gap. */
export interface GapEnd {
  /** Epoch milliseconds. */
  readonly to: number;
  /** Of the notes. */
  readonly mark: number;
  /** Epoch milliseconds: no answer to a question from here on is from before it. */
  readonly sureAt: number;
}

/** A note with what a reader found out about it. */
interface Kept {
  readonly object: string;
  readonly topic: string;
  readonly seq: number;
  readonly when: Received;
  readonly start: number;
  /** At least 1, so that each has a place of its own. */
  readonly room: number;
  readonly length: number;
  /** Another one took its place. */
  stale: boolean;
  next: Kept | undefined;
}

const DEFAULT_BYTES = 16 * 2 ** 20;
const FIRST_BYTES = 64 * 2 ** 10;
/** A longer body would push out too much. */
const LONGEST_SHARE = 1 / 8;

/** Notes of one source. */
export class LiveNotes {
  readonly #capacity: number;
  #ring: Uint8Array | undefined;
  #head = 0;
  #seq = 0;
  #oldest: Kept | undefined;
  #youngest: Kept | undefined;
  readonly #objects = new Map<string, Kept[]>();

  constructor(capacity: number = DEFAULT_BYTES) {
    this.#capacity = capacity;
  }

  /** An instant between notes: what was noted before has a smaller `seq`, what is noted from now on a greater one. */
  mark(): number {
    this.#seq += 1;
    return this.#seq;
  }

  /** How many objects are known. */
  get size(): number {
    return this.#objects.size;
  }

  /** An event of this object on this topic was received, or an answer handed on. */
  note(object: string, topic: string, body: Uint8Array, when: Received): void {
    const length = body.length > this.#capacity * LONGEST_SHARE ? -1 : body.length;
    const room = Math.max(1, length);
    const start = this.#makeRoom(room);
    if (length > 0) this.#ringUpTo(start + length).set(body, start);
    this.#seq += 1;
    const kept: Kept = {
      object,
      topic,
      seq: this.#seq,
      when,
      start,
      room,
      length,
      stale: false,
      next: undefined,
    };
    this.#head = start + room;
    if (this.#youngest === undefined) this.#oldest = kept;
    else this.#youngest.next = kept;
    this.#youngest = kept;
    this.#put(kept);
  }

  /** The last event of an object on each of its topics. */
  find(object: string): readonly Note[] {
    const all = this.#objects.get(object);
    return all === undefined ? [] : all.map((kept) => this.#read(kept));
  }

  /**
   * Whether this topic has told the object's state as it was at the end of a gap: `surely`, by an event that was sent after it, or by the
   * answer to a question that was sent so late that no answer is from before; `perhaps`, by what came, or was asked for, after it.
   */
  toldSince(object: string, topic: string, { to, mark, sureAt }: GapEnd): "surely" | "perhaps" | "no" {
    const kept = this.#objects.get(object)?.find((one) => one.topic === topic);
    if (kept === undefined) return "no";
    const { when, seq } = kept;
    const isSure = "asked" in when ? when.asked.at >= sureAt : when.sentAfter >= to;
    if (isSure) return "surely";
    return ("asked" in when ? when.asked.mark : seq) > mark ? "perhaps" : "no";
  }

  /** Objects whose name begins so. */
  objects(prefix: string): readonly string[] {
    const found: string[] = [];
    for (const object of this.#objects.keys()) if (object.startsWith(prefix)) found.push(object);
    return found;
  }

  clear(): void {
    this.#objects.clear();
    this.#oldest = undefined;
    this.#youngest = undefined;
    this.#ring = undefined;
    this.#head = 0;
  }

  #read({ topic, when, seq, start, length }: Kept): Note {
    const body = length < 0 ? undefined : (this.#ring?.subarray(start, start + length) ?? new Uint8Array(0));
    return { topic, at: when.at, seq, isAsked: "asked" in when, body };
  }

  #put(kept: Kept): void {
    const all = this.#objects.get(kept.object);
    if (all === undefined) {
      this.#objects.set(kept.object, [kept]);
      return;
    }
    for (let place = 0; place < all.length; place += 1) {
      const other = all[place];
      if (other === undefined || other.topic !== kept.topic) continue;
      other.stale = true;
      all[place] = kept;
      return;
    }
    all.push(kept);
  }

  /** F2. The place where `room` bytes may be written. */
  #makeRoom(room: number): number {
    if (this.#head + room > this.#capacity) {
      // The rest of the ring stays empty for this round; what stands there is the oldest.
      while (this.#oldest !== undefined && this.#oldest.start >= this.#head) this.#forget(this.#oldest);
      this.#head = 0;
    }
    const start = this.#head;
    const end = start + room;
    while (this.#oldest !== undefined && this.#oldest.start < end && this.#oldest.start + this.#oldest.room > start) {
      this.#forget(this.#oldest);
    }
    return start;
  }

  /** The ring with at least so many bytes: it grows to its capacity as it is filled for the first time. */
  #ringUpTo(end: number): Uint8Array {
    const ring = this.#ring;
    if (ring !== undefined && ring.length >= end) return ring;
    const grown = new Uint8Array(Math.min(this.#capacity, Math.max(FIRST_BYTES, 2 * end)));
    if (ring !== undefined) grown.set(ring);
    this.#ring = grown;
    return grown;
  }

  #forget(oldest: Kept): void {
    this.#oldest = oldest.next;
    if (this.#oldest === undefined) this.#youngest = undefined;
    if (oldest.stale) return;
    const all = this.#objects.get(oldest.object) ?? [];
    if (all.length <= 1) this.#objects.delete(oldest.object);
    else all.splice(all.indexOf(oldest), 1);
  }
}
