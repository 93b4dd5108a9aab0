/**
 * The questions that wait to be asked, the most urgent first. One question may wait for several askers (gaps): who asks what waits
 * already joins it, so that a gap during a reconciliation costs no question twice.
 *
 * - K1  A question that was taken is not joined any more: its answer may be older than who asks now.
 * - K2  By rank, then by age; joining with a better rank makes a question more urgent, never less.
 */

/** What is asked about. */
export type QuestionKind =
  /** What live events showed before the gap: conversations that had not ended. */
  | "remembered"
  | "conversation"
  /** Conversations of people, of queues. */
  | "search-users"
  | "search-queues"
  | "people"
  | "numbers";

/** Lower is sooner. A look that finds ringing calls comes right after those that are known. */
export const RANK = { alerting: 0, search: 1, people: 2, conversation: 3, numbers: 4, ended: 5 } as const;

/** One question. */
export interface Question<Asker> {
  readonly kind: QuestionKind;
  /** Of the person, queue or conversation. */
  readonly id: string;
  readonly rank: number;
  /** How often it was asked before, with answers that were too old. */
  readonly tries: number;
  /** Who waits for it, with the topics (in the form in which they are compared) that it is asked for. */
  readonly waiters: Map<Asker, Set<string>>;
}

/** What a question is made of. */
export interface Asked<Asker> {
  readonly kind: QuestionKind;
  readonly id: string;
  readonly rank: number;
  readonly asker: Asker;
  readonly topics: Iterable<string>;
  /** @defaultValue `0` */
  readonly tries?: number;
}

/** So many are asked at once. */
const BATCH: Readonly<Record<QuestionKind, number>> = {
  remembered: 1,
  conversation: 1,
  "search-users": 50,
  "search-queues": 50,
  people: 50,
  numbers: 50,
};

/** Questions that wait. */
export class QuestionList<Asker> {
  readonly #ranks: Map<string, Question<Asker>>[] = Array.from(Object.keys(RANK), () => new Map());

  get size(): number {
    return this.#ranks.reduce((sum, { size }) => sum + size, 0);
  }

  /** The topics with which the asker did not wait for it yet. */
  add({ kind, id, rank, asker, topics, tries = 0 }: Asked<Asker>): readonly string[] {
    const name = `${kind} ${id.toLowerCase()}`;
    const known = this.#ranks.find((some) => some.has(name))?.get(name);
    const question: Question<Asker> =
      known === undefined
        ? { kind, id, rank, tries, waiters: new Map() }
        : { ...known, rank: Math.min(rank, known.rank), tries: Math.min(tries, known.tries) };
    if (known !== undefined && known.rank !== question.rank) this.#ranks[known.rank]?.delete(name);
    this.#ranks[question.rank]?.set(name, question);
    const waiting = question.waiters.get(asker) ?? new Set();
    question.waiters.set(asker, waiting);
    const fresh = [...new Set(topics)].filter((topic) => !waiting.has(topic));
    for (const topic of fresh) waiting.add(topic);
    return fresh;
  }

  /** The most urgent question, with others of its kind and rank that go into the same call; empty: none waits. */
  take(): readonly Question<Asker>[] {
    const waiting = this.#ranks.find(({ size }) => size > 0);
    const [first] = waiting?.values() ?? [];
    if (waiting === undefined || first === undefined) return [];
    const batch: Question<Asker>[] = [];
    for (const [name, question] of waiting) {
      if (question.kind !== first.kind) continue;
      waiting.delete(name);
      batch.push(question);
      if (batch.length >= BATCH[first.kind]) break;
    }
    return batch;
  }

  clear(): void {
    for (const waiting of this.#ranks) waiting.clear();
  }
}
