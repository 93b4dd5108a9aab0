/**
 * What all kinds of questions share: the notes of live events, the way on for what was found out, and the counters.
 *
 * - H1  A state is handed on in the same turn in which it was judged against the notes, so nothing live comes between (P8).
 * - H2  What was handed on is noted as if it had been received: a second answer is judged against it, too.
 * - H3  An answer may be older than its question. What was asked right after a gap is handed on at once, and asked once more when no
 *       answer can be from before the gap's end any more: only then nothing of it is missing.
 */
import { judgeSnapshot, type CompareLive } from "../../../core/freshness.ts";
import type { LiveNotes, Sent } from "../../../core/freshness-notes.ts";
import { STAYED_BEHIND, type Trouble } from "../../../core/reconcile-findings.ts";
import type { Question, QuestionList } from "../../../core/reconcile-list.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { ReceivedEvent } from "../../../ports/source.ts";
import type { Asker } from "./asker.ts";
import type { CaseTopic, GapCase } from "./gap-case.ts";

/** Counters of one source. */
export interface ReconcileCounts {
  handedOn: number;
  unchanged: number;
  behind: number;
  failed: number;
}

/** What {@link Desk} takes. */
export interface DeskOptions {
  readonly clock: Clock;
  readonly asker: Asker;
  readonly notes: LiveNotes;
  readonly list: QuestionList<GapCase>;
  readonly receive: (event: ReceivedEvent) => void;
  /** A question is to be asked again at this time (epoch milliseconds), for this topic of the gap. */
  readonly postpone: (question: Question<GapCase>, gap: GapCase, topic: string, at: number) => void;
}

/** A state that was asked for, of one object. */
export interface Snapshot {
  /** By which the notes know it. */
  readonly object: string;
  readonly key: string;
  readonly compare: CompareLive;
  readonly sent: Sent;
  /** Asking once more would bring other numbers and nothing better. @defaultValue `false` */
  readonly isPassing?: boolean;
  /** The event's body for a topic; `before`: the last one on it. */
  readonly bodyFor: (topic: CaseTopic, before: Uint8Array | undefined) => unknown;
}

/** Who wants it on which topic. */
export interface Want {
  readonly gap: GapCase;
  readonly topic: CaseTopic;
}

const encoder = new TextEncoder();
/** An answer that is behind is asked for so often again, after so long. */
const TRIES = 4;
const AGAIN_MS = 5_000;

/** The desk of one source. */
export class Desk {
  readonly options: DeskOptions;
  readonly counts: ReconcileCounts = { handedOn: 0, unchanged: 0, behind: 0, failed: 0 };

  constructor(options: DeskOptions) {
    this.options = options;
  }

  /** A question is sent now. */
  send(): Sent {
    return { at: this.options.clock.now(), mark: this.options.notes.mark() };
  }

  /** Of those who want an object's state, the ones whose topic has not told it since their gap ended. */
  lacking(object: string, question: Question<GapCase>, wants: readonly Want[], isPassing = false): readonly Want[] {
    const { clock, notes } = this.options;
    return wants.filter(({ gap, topic }) => {
      const told = notes.toldSince(object, topic.subject.identity, gap);
      // Another question had the answer that this one would have.
      const isEnough = told === "perhaps" && (isPassing || clock.now() < gap.sureAt);
      if (isEnough && !isPassing) this.#onceMore(question, gap, topic);
      if (told !== "surely" && !isEnough) return true;
      topic.got = true;
      return false;
    });
  }

  /** Hands a state on where it may be, and has it asked for again where it is behind. */
  handOn(question: Question<GapCase>, snapshot: Snapshot, wants: readonly Want[]): void {
    const { notes } = this.options;
    const lacking = this.lacking(snapshot.object, question, wants, snapshot.isPassing);
    const topics = new Map(lacking.map(({ topic }) => [topic.subject.identity, topic]));
    const known = notes.find(snapshot.object);
    const { compare, sent } = snapshot;
    const verdicts = judgeSnapshot({ notes: known, compare, sentAt: sent.at, topics: [...topics.keys()] });
    const bodies = [...topics].map(([identity, topic]) => {
      const before = known.find((note) => note.topic === identity)?.body;
      return verdicts.get(identity) === "hand-on" ? snapshot.bodyFor(topic, before) : undefined;
    });
    this.#account(question, snapshot, lacking, verdicts);
    // The views of the notes end here: what is handed on is noted.
    [...topics.values()].forEach((topic, place) => this.#give(snapshot, topic, bodies[place]));
  }

  #account(
    question: Question<GapCase>,
    { sent, isPassing = false }: Snapshot,
    wants: readonly Want[],
    verdicts: ReadonlyMap<string, "hand-on" | "known" | "behind">,
  ): void {
    if ([...verdicts.values()].includes("behind")) this.counts.behind += 1;
    for (const { gap, topic } of wants) {
      const { identity } = topic.subject;
      const verdict = verdicts.get(identity);
      if (verdict === "behind") {
        this.#later(question, gap, topic);
        continue;
      }
      topic.got = true;
      if (verdict === "known") this.counts.unchanged += 1;
      else gap.handedOn += 1;
      if (sent.at < gap.sureAt && !isPassing) this.#onceMore(question, gap, topic);
    }
  }

  #later(question: Question<GapCase>, gap: GapCase, topic: CaseTopic): void {
    const { identity } = topic.subject;
    gap.wait(identity);
    const tries = question.tries + 1;
    if (tries < TRIES)
      this.options.postpone({ ...question, tries }, gap, identity, this.options.clock.now() + AGAIN_MS);
    else gap.answered(identity, STAYED_BEHIND);
  }

  /** H3. */
  #onceMore(question: Question<GapCase>, gap: GapCase, topic: CaseTopic): void {
    const { identity } = topic.subject;
    gap.wait(identity);
    this.options.postpone(question, gap, identity, gap.sureAt);
  }

  #give({ object, key, sent }: Snapshot, topic: CaseTopic, content: unknown): void {
    if (content === undefined) return;
    const { clock, notes, receive } = this.options;
    const body = encoder.encode(JSON.stringify(content));
    const receivedAt = clock.now();
    notes.note(object, topic.subject.identity, body, { at: receivedAt, asked: sent });
    this.counts.handedOn += 1;
    receive({ topic: topic.name, body, encoding: "json", origin: "reconciled", receivedAt, key });
  }

  /** One question more for a gap. */
  ask(gap: GapCase, topics: Iterable<string>, question: Pick<Question<GapCase>, "kind" | "id" | "rank">): void {
    for (const topic of this.options.list.add({ ...question, asker: gap, topics })) gap.wait(topic);
  }

  /** Something is in the way of this topic. */
  trouble({ gap, topic }: Want, trouble: Trouble): void {
    gap.wait(topic.subject.identity);
    gap.answered(topic.subject.identity, trouble);
  }
}

/** Who waits for a question. */
export function wantsOf(question: Question<GapCase>): readonly Want[] {
  return [...question.waiters].flatMap(([gap, topics]) =>
    [...topics].flatMap((identity): readonly Want[] => {
      const topic = gap.topics.get(identity);
      return topic === undefined ? [] : [{ gap, topic }];
    }),
  );
}
