/**
 * The demo's judge: holds what the handler was given against the emulator's own ledger. It shares no counter, no id and no code
 * with the service, so it can find the service guilty.
 *
 *  J1  An event that the ledger says was sent on at least one live socket must reach the handler: what does not is *lost*.
 *      Matched as a multiset by topic and hash of the body, so a body that was altered on the way is lost too.
 *  J2  A delivery beyond what the ledger accounts for is a *duplicate*; one of a topic and body never produced is *unknown*
 *      (sent in from elsewhere, or altered).
 *  J3  Deliveries of one key follow the ledger's order. Held to it are events of the same topic, and events of different topics
 *      that were sent on a common socket: between two sockets the provider itself promises no order.
 *  J4  *Produced* are the events of topics that were sent on a socket at least once, those included that happened while no
 *      socket stood. What happens on topics that nobody asked for does not count.
 *  J5  What was judged is forgotten; memory holds what is under way and a bounded past.
 */

/** One event of the emulator's ledger, as far as the judge needs it. */
export interface ProducedEvent {
  readonly n: number;
  readonly topic: string;
  readonly key: string;
  /** Of the body, as {@link DeliveredEvent.hash}. */
  readonly hash: string;
  readonly sockets: readonly string[];
}

/** One event as the handler got it. */
export interface DeliveredEvent {
  readonly topic: string;
  readonly hash: string;
}

/** What was found so far. */
export interface Verdict {
  /** Events of the ledger on topics that are listened to (J4). */
  readonly produced: number;
  /** Of these, sent on a live socket. */
  readonly sent: number;
  /** Matched deliveries. */
  readonly delivered: number;
  /** Sent and not delivered: under way, or at the end, lost. */
  readonly outstanding: number;
  readonly duplicates: number;
  readonly unknown: number;
  readonly orderViolations: number;
}

/** Judges deliveries against the ledger, in portions. */
export interface Judge {
  /** The next events of the ledger, in its order. */
  produced(events: readonly ProducedEvent[]): void;
  /** The next delivery, in the order of the handler's calls. */
  delivered(event: DeliveredEvent): void;
  /** How many deliveries wait to be judged. */
  readonly pendingCount: number;
  /**
   * Judges the first `count` deliveries that wait. All that was produced before the last of them must have been given to
   * `produced`: take `pendingCount` first, then read the ledger to its end, then call this.
   */
  judge(count: number): void;
  verdict(): Verdict;
  /** Some of what is outstanding, oldest first: for a person who looks for the reason. */
  missing(limit: number): readonly ProducedEvent[];
}

/** Keys and fingerprints of which the past is remembered. */
const PAST = 200_000;

/** A judge that has seen nothing. */
export function createJudge(): Judge {
  return new LedgerJudge();
}

class LedgerJudge implements Judge {
  readonly #expected = new Map<string, ProducedEvent[]>();
  readonly #matched = new RecentMap<true>(PAST);
  readonly #order = new RecentMap<Map<string, number>>(PAST);
  #pending: DeliveredEvent[] = [];
  /** Events by topic, and whether one of it was ever sent. */
  readonly #topics = new Map<string, { count: number; listened: boolean }>();
  #sent = 0;
  #delivered = 0;
  #duplicates = 0;
  #unknown = 0;
  #orderViolations = 0;

  get pendingCount(): number {
    return this.#pending.length;
  }

  produced(events: readonly ProducedEvent[]): void {
    for (const event of events) {
      const sent = event.sockets.length > 0;
      const topic = this.#topics.get(event.topic) ?? { count: 0, listened: false };
      this.#topics.set(event.topic, { count: topic.count + 1, listened: topic.listened || sent });
      if (!sent) continue;
      this.#sent += 1;
      const print = fingerprint(event);
      const same = this.#expected.get(print);
      if (same === undefined) this.#expected.set(print, [event]);
      else same.push(event);
    }
  }

  delivered(event: DeliveredEvent): void {
    this.#pending.push(event);
  }

  judge(count: number): void {
    for (const event of this.#pending.splice(0, count)) this.#judgeOne(event);
  }

  verdict(): Verdict {
    let produced = 0;
    for (const { count, listened } of this.#topics.values()) if (listened) produced += count;
    return {
      produced,
      sent: this.#sent,
      delivered: this.#delivered,
      outstanding: this.#sent - this.#delivered,
      duplicates: this.#duplicates,
      unknown: this.#unknown,
      orderViolations: this.#orderViolations,
    };
  }

  missing(limit: number): readonly ProducedEvent[] {
    const all = [...this.#expected.values()].flat();
    return all.sort((a, b) => a.n - b.n).slice(0, limit);
  }

  #judgeOne(event: DeliveredEvent): void {
    const print = fingerprint(event);
    const same = this.#expected.get(print);
    const first = same?.shift();
    if (same?.length === 0) this.#expected.delete(print);
    if (first === undefined) {
      if (this.#matched.get(print) === undefined) this.#unknown += 1;
      else this.#duplicates += 1;
      return;
    }
    this.#delivered += 1;
    this.#matched.set(print, true);
    if (!this.#inOrder(first)) this.#orderViolations += 1;
  }

  /** J3: behind nothing of its key that came later, along its topic and along each of its sockets. */
  #inOrder({ key, topic, sockets, n }: ProducedEvent): boolean {
    if (key === "") return true;
    const strands = this.#order.get(key) ?? new Map<string, number>();
    let inOrder = true;
    for (const strand of [`topic ${topic}`, ...sockets.map((socket) => `socket ${socket}`)]) {
      const last = strands.get(strand) ?? 0;
      if (last > n) inOrder = false;
      else strands.set(strand, n);
    }
    this.#order.set(key, strands);
    return inOrder;
  }
}

function fingerprint({ topic, hash }: DeliveredEvent): string {
  return `${hash} ${topic}`;
}

/** The last `capacity` entries that were set (J5). */
class RecentMap<Value> {
  readonly #capacity: number;
  readonly #entries = new Map<string, Value>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(key: string): Value | undefined {
    return this.#entries.get(key);
  }

  set(key: string, value: Value): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#capacity) return;
    const oldest = this.#entries.keys().next();
    if (!oldest.done) this.#entries.delete(oldest.value);
  }
}
