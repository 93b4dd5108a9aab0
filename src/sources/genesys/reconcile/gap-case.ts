/**
 * One gap while its state is asked for: which of its topics still wait for an answer, and what is to be told of them.
 *
 * - Z1  A topic has its finding when nothing that was asked for it is open any more; conversations after a second look, too, since
 *       the provider's analytics lag.
 * - Z2  It is told when what was handed on is kept: what a crash takes along was not repaired.
 */
import { STALE_MS } from "../../../core/freshness.ts";
import type { GapFinding } from "../../../core/gap.ts";
import {
  findingsOf,
  NOT_SUBSCRIBED,
  type Trouble,
  unknowableTopic,
  worseOf,
} from "../../../core/reconcile-findings.ts";
import { topicSubject, type MediumName, type TopicSubject } from "../../../core/reconcile-topics.ts";
import { topicIdentity } from "../../../core/topic.ts";
import type { OpenGap } from "../../../ports/source.ts";

/** One topic of a gap. */
export interface CaseTopic {
  /** As the gap names it. */
  readonly name: string;
  readonly subject: TopicSubject;
  /** Questions that are open. */
  open: number;
  trouble: Trouble | undefined;
  /** Some of its state was had. */
  got: boolean;
  isSettled: boolean;
}

/** A topic whose events are conversations. */
export type ConversationsTopic = CaseTopic & {
  readonly subject: Extract<TopicSubject, { readonly kind: "conversations" }>;
};

/** What {@link GapCase} takes. */
export interface GapCaseOptions {
  readonly n: number;
  readonly gap: OpenGap;
  readonly topics: readonly string[];
  /** Epoch milliseconds. */
  readonly to: number;
  /** Of the live notes, at the gap's end. */
  readonly mark: number;
  /** Topics that are subscribed now, in the form in which they are compared. */
  readonly subscribed: ReadonlySet<string>;
  /** Resolves when all that was handed on is kept. */
  readonly kept: () => Promise<void>;
}

/** One gap. */
export class GapCase {
  readonly n: number;
  readonly from: number;
  readonly to: number;
  readonly mark: number;
  /** Epoch milliseconds: who asks from here on is told of no state from before the gap's end. */
  readonly sureAt: number;
  readonly topics: Map<string, CaseTopic> = new Map();
  /** In lower case: conversations whose state was had in this case. */
  readonly known: Set<string> = new Set();
  /** Looks for conversations that were begun. */
  looks = 0;
  /** Epoch milliseconds: when the first question of the first look was sent. */
  lookedAt: number | undefined;
  /** Conversations that had ended, and are asked for. */
  endedCount = 0;
  handedOn = 0;
  readonly #gap: OpenGap;
  readonly #kept: () => Promise<void>;
  readonly #hopeless: readonly GapFinding[];
  readonly #bySubject = new Map<string, ConversationsTopic[]>();
  #open = 0;
  #told: GapFinding[] = [];

  constructor({ n, gap, topics, to, mark, subscribed, kept }: GapCaseOptions) {
    this.n = n;
    this.#gap = gap;
    this.#kept = kept;
    this.from = gap.from;
    this.to = to;
    this.mark = mark;
    // At a whole second, so that gaps which end shortly after each other ask together.
    this.sureAt = Math.ceil((to + STALE_MS) / 1_000) * 1_000;
    const hopeless: { name: string; trouble: Trouble }[] = [];
    for (const name of topics) {
      const identity = topicIdentity(name);
      const subject = topicSubject(name);
      if (subject === undefined) hopeless.push({ name, trouble: unknowableTopic(name) });
      else if (!subscribed.has(identity)) hopeless.push({ name, trouble: NOT_SUBSCRIBED });
      else this.#add({ name, subject, open: 0, trouble: undefined, got: false, isSettled: false });
    }
    this.#hopeless = findingsOf(hopeless);
  }

  #add(topic: CaseTopic): void {
    const { subject } = topic;
    this.topics.set(subject.identity, topic);
    if (!isAboutConversations(topic)) return;
    const key = `${topic.subject.of} ${topic.subject.id.toLowerCase()}`;
    const others = this.#bySubject.get(key) ?? [];
    this.#bySubject.set(key, [...others, topic]);
  }

  /** All that is open. */
  get open(): number {
    return this.#open;
  }

  /** Everything that was told of it. */
  get findings(): readonly GapFinding[] {
    return this.#told;
  }

  get conversationTopics(): readonly ConversationsTopic[] {
    return [...this.#bySubject.values()].flat();
  }

  /** Topics that would have carried a conversation of these people and queues. */
  carriers(
    sides: { readonly userIds: Iterable<string>; readonly queueIds: Iterable<string> },
    fits: (medium: MediumName | "any") => boolean,
  ): readonly ConversationsTopic[] {
    const found: ConversationsTopic[] = [];
    for (const id of sides.userIds) found.push(...(this.#bySubject.get(`user ${id}`) ?? []));
    for (const id of sides.queueIds) found.push(...(this.#bySubject.get(`queue ${id}`) ?? []));
    return found.filter(({ subject }) => fits(subject.medium));
  }

  wait(identity: string): void {
    const topic = this.topics.get(identity);
    if (topic === undefined) return;
    topic.open += 1;
    this.#open += 1;
  }

  /** One question about this topic is answered. */
  answered(identity: string, trouble?: Trouble): void {
    const topic = this.topics.get(identity);
    if (topic === undefined) return;
    topic.open -= 1;
    this.#open -= 1;
    if (trouble !== undefined) topic.trouble = worseOf(topic.trouble, trouble);
  }

  /** Tells what is known of topics of which nothing is open; those about conversations only after their last look. */
  settle(isLastLookOver: boolean): void {
    const done = [...this.topics.values()].filter(
      (topic) => !topic.isSettled && topic.open === 0 && (isLastLookOver || !isAboutConversations(topic)),
    );
    for (const topic of done) topic.isSettled = true;
    const findings = findingsOf(done.map(({ name, trouble, got }) => ({ name, trouble: soften(trouble, got) })));
    this.#tell(findings);
  }

  /** What can't be asked for, told at once. */
  settleHopeless(): void {
    this.#tell(this.#hopeless);
  }

  #tell(findings: readonly GapFinding[]): void {
    if (findings.length === 0) return;
    this.#told.push(...findings);
    // Z2.
    void this.#kept().then(() => this.#gap.settle(findings));
  }
}

function isAboutConversations(topic: CaseTopic): topic is ConversationsTopic {
  return topic.subject.kind === "conversations";
}

/** Something was had, so the rest is not all. */
function soften(trouble: Trouble | undefined, got: boolean): Trouble | undefined {
  return trouble?.outcome === "unknowable" && got ? { ...trouble, outcome: "partly" } : trouble;
}
