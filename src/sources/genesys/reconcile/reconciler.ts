/**
 * After a gap, and at the start: asks for the state that was missed and hands it on, as events with the origin `reconciled`, until every
 * topic of the gap has a finding. It stands between the lines, whose gaps it learns by the context that it gives them, and the API.
 *
 * ```
 *  a gap ends ─► a case: one question for each person, queue, conversation ─► the list, most urgent first ─► few at a time ─► the API
 *                 ▲                                                                                                │
 *                 └── a second look for conversations, when analytics have caught up ◄── judged against live, handed on ┘
 * ```
 * - E1  A gap during a reconciliation joins it: what waits already is asked for once, what was asked before the gap's end again.
 * - E2  While intake is behind, nothing is asked.
 * - E3  After `close` nothing is asked and nothing handed on; what has no finding then is for the ledger to judge.
 */
import { causeOf } from "../../../core/cause.ts";
import { LiveNotes, type Received } from "../../../core/freshness-notes.ts";
import { createJsonScanner, type JsonScanner } from "../../../core/json-scan.ts";
import { failedCall, type Trouble } from "../../../core/reconcile-findings.ts";
import { type Asked, type Question, QuestionList, RANK } from "../../../core/reconcile-list.ts";
import {
  conversationObject,
  observationsObject,
  standingObject,
  topicSubject,
  type TopicSubject,
} from "../../../core/reconcile-topics.ts";
import type { Timer } from "../../../ports/clock.ts";
import type { GapReport, OpenGap, ReceivedEvent, ReconciliationStatus, SourceContext } from "../../../ports/source.ts";
import type { GenesysApi } from "../rest.ts";
import { Asker } from "./asker.ts";
import { settleConversation, settleRemembered, settleSearch } from "./conversations.ts";
import { Desk, wantsOf } from "./desk.ts";
import { GapCase } from "./gap-case.ts";
import { settleNumbers, settlePeople } from "./standing.ts";

/** When a source asks, and how long it trusts analytics not. */
export interface ReconcilePlan {
  readonly atStart: boolean;
  readonly afterGaps: boolean;
  /** The platform's analytics know a conversation after so long. */
  readonly analyticsLagMs: number;
}

/** What {@link Reconciler} takes. */
export interface ReconcilerOptions {
  /** Of the source, for people. */
  readonly name: string;
  readonly plan: ReconcilePlan;
  readonly api: GenesysApi;
  readonly context: SourceContext;
  /** Topics that are subscribed now, in the form in which they are compared. */
  readonly subscribed: () => ReadonlySet<string>;
  /** Takes a state as an event. */
  readonly receive: (event: ReceivedEvent) => void;
}

/** Questions under way at once. */
const AT_ONCE = 4;
/** Topics remembered; 20 channels have at most 20,000. */
const MAX_TOPICS = 50_000;

/** A topic's subject, with the object's name where it needs no look into the body. */
interface TopicFacts {
  readonly subject: TopicSubject;
  readonly object: string | undefined;
}

/** The reconciliation of one source. */
export class Reconciler {
  /** For the lines: gaps that end here are asked about. */
  readonly context: SourceContext;
  readonly #options: ReconcilerOptions;
  readonly #notes = new LiveNotes();
  readonly #list = new QuestionList<GapCase>();
  readonly #asker: Asker;
  readonly #desk: Desk;
  readonly #facts = new Map<string, TopicFacts | null>();
  readonly #body: JsonScanner = createJsonScanner([["primary"], ["group", "mediaType"]]);
  readonly #cases = new Set<GapCase>();
  /** Those that wait for their second look. */
  readonly #looking = new Set<GapCase>();
  readonly #timers = new Set<Timer>();
  /** Questions that are asked again, by when (epoch milliseconds). */
  readonly #postponed = new Map<number, Asked<GapCase>[]>();
  #look: Timer | undefined;
  #active = 0;
  #count = 0;
  #askedAt: number | undefined;
  #held = false;
  #closed = false;

  constructor(options: ReconcilerOptions) {
    const { context, api, receive } = options;
    const { clock } = context;
    this.#options = options;
    this.#asker = new Asker(api, clock, () => void (this.#desk.counts.failed += 1));
    this.#desk = new Desk({
      clock,
      asker: this.#asker,
      notes: this.#notes,
      list: this.#list,
      receive: (event) => {
        if (!this.#closed) receive(event);
      },
      postpone: (question, gap, topic, at) => this.#postpone(question, gap, topic, at),
    });
    this.context = { ...context, openGap: (report) => this.#openGap(report) };
  }

  /** What is asked, and what came of it; for the source's status. */
  status(): ReconciliationStatus {
    return { asking: this.#cases.size, askedAt: this.#askedAt, ...this.#desk.counts };
  }

  /** A live event goes on to intake. */
  note(topic: string, key: string | undefined, body: Uint8Array, when: Received): void {
    const facts = this.#factsOf(topic);
    if (facts === null) return;
    const { subject } = facts;
    const object = facts.object ?? this.#objectOf(subject, key, body);
    if (object === undefined) return;
    if (subject.kind === "standing" && subject.shape === "presence" && this.#isSecondary(body)) return;
    this.#notes.note(object, subject.identity, body, when);
  }

  hold(held: boolean): void {
    this.#held = held;
    this.#pump();
  }

  close(): void {
    this.#closed = true;
    this.#asker.close();
    this.#list.clear();
    this.#look?.cancel();
    for (const timer of this.#timers) timer.cancel();
    this.#cases.clear();
    this.#looking.clear();
    this.#notes.clear();
  }

  #factsOf(topic: string): TopicFacts | null {
    const known = this.#facts.get(topic);
    if (known !== undefined) return known;
    const subject = topicSubject(topic);
    const object = subject?.kind === "standing" ? standingObject(subject.userId) : undefined;
    const facts = subject === undefined ? null : { subject, object };
    if (this.#facts.size >= MAX_TOPICS) this.#facts.clear();
    this.#facts.set(topic, facts);
    return facts;
  }

  #objectOf(subject: TopicSubject, key: string | undefined, body: Uint8Array): string | undefined {
    if (subject.kind === "conversations") return key === undefined ? undefined : conversationObject(key);
    if (subject.kind === "standing" || this.#body.scan(body) !== "ok") return undefined;
    return observationsObject(subject.queueId, this.#body.string(1) ?? "");
  }

  /** A presence of another source than the person's primary one is not how the person stands. */
  #isSecondary(body: Uint8Array): boolean {
    if (this.#body.scan(body) !== "ok") return false;
    // `false` has five letters, `true` has four.
    return this.#body.end(0) - this.#body.start(0) === 5;
  }

  #openGap(report: GapReport): OpenGap {
    const gap = this.#options.context.openGap(report);
    const { plan } = this.#options;
    const asks = report.atStart === true ? plan.atStart : plan.afterGaps;
    let ended = false;
    return {
      from: gap.from,
      end: (to) => {
        if (ended) return;
        ended = true;
        if (!asks || this.#closed) {
          gap.end(to);
          return;
        }
        gap.end(to, "asking");
        const mark = this.#notes.mark();
        // In a moment: who ends a gap may not have said yet which topics it goes on with.
        queueMicrotask(() => this.#begin(gap, report.topics, to, mark));
      },
      settle: (findings) => gap.settle(findings),
      explain: (cause) => gap.explain(cause),
      withdraw: () => gap.withdraw(),
    };
  }

  #begin(gap: OpenGap, topics: readonly string[], to: number, mark: number): void {
    if (this.#closed) return;
    this.#count += 1;
    const { context, subscribed } = this.#options;
    const kept = (): Promise<void> => context.settled();
    const opened = new GapCase({ n: this.#count, gap, topics, to, mark, subscribed: subscribed(), kept });
    this.#cases.add(opened);
    this.#askedAt = context.clock.now();
    opened.settleHopeless();
    for (const { subject } of opened.topics.values()) {
      if (subject.kind === "standing")
        this.#desk.ask(opened, [subject.identity], { kind: "people", id: subject.userId, rank: RANK.people });
      if (subject.kind === "observations")
        this.#desk.ask(opened, [subject.identity], { kind: "numbers", id: subject.queueId, rank: RANK.numbers });
    }
    const all = opened.conversationTopics.map(({ subject }) => subject.identity);
    if (all.length > 0) this.#desk.ask(opened, all, { kind: "remembered", id: String(opened.n), rank: RANK.alerting });
    this.#search(opened);
    this.#review(opened);
    this.#pump();
  }

  #search(gap: GapCase): void {
    gap.looks += 1;
    for (const { subject } of gap.conversationTopics) {
      const kind = subject.of === "user" ? "search-users" : "search-queues";
      this.#desk.ask(gap, [subject.identity], { kind, id: subject.id, rank: RANK.search });
    }
  }

  /** E2: some questions at a time. */
  #pump(): void {
    while (!this.#held && !this.#closed && this.#active < AT_ONCE) {
      const batch = this.#list.take();
      if (batch.length === 0) return;
      this.#active += 1;
      void this.#run(batch).then((trouble) => {
        this.#active -= 1;
        this.#finish(batch, trouble);
        this.#pump();
      });
    }
  }

  async #run(batch: readonly Question<GapCase>[]): Promise<Trouble | undefined> {
    try {
      await this.#settle(batch);
      return undefined;
    } catch (error) {
      const { context, name } = this.#options;
      context.logger.error({ cause: causeOf(error) }, `${name}: asking for the state failed unexpectedly`);
      return failedCall("an answer could not be read");
    }
  }

  #settle(batch: readonly Question<GapCase>[]): Promise<void> {
    switch (batch[0]?.kind) {
      case "remembered":
        return settleRemembered(this.#desk, batch);
      case "conversation":
        return settleConversation(this.#desk, batch);
      case "search-users":
        return settleSearch(this.#desk, "users", batch);
      case "search-queues":
        return settleSearch(this.#desk, "queues", batch);
      case "people":
        return settlePeople(this.#desk, batch);
      case "numbers":
        return settleNumbers(this.#desk, batch);
      case undefined:
        return Promise.resolve();
    }
  }

  #finish(batch: readonly Question<GapCase>[], trouble: Trouble | undefined): void {
    if (this.#closed) return;
    const gaps = new Set<GapCase>();
    for (const { gap, topic } of batch.flatMap(wantsOf)) {
      gap.answered(topic.subject.identity, trouble);
      gaps.add(gap);
    }
    for (const gap of gaps) this.#review(gap);
  }

  /** Tells what is known of a gap of which nothing is open. */
  #review(gap: GapCase): void {
    if (gap.open > 0 || !this.#cases.has(gap) || this.#looking.has(gap)) return;
    if (this.#needsSecondLook(gap)) {
      gap.settle(false);
      this.#looking.add(gap);
      this.#planLook();
      return;
    }
    gap.settle(true);
    this.#cases.delete(gap);
    this.#tell(gap);
  }

  /** Analytics may not have known yet what was asked so early; where they are refused, they will be again. */
  #needsSecondLook({ looks, lookedAt, to, conversationTopics }: GapCase): boolean {
    if (looks !== 1 || conversationTopics.every(({ trouble }) => trouble?.outcome === "unknowable")) return false;
    return lookedAt === undefined || lookedAt < to + this.#options.plan.analyticsLagMs;
  }

  /** One look for several gaps that end shortly after each other. */
  #planLook(): void {
    const { plan, context } = this.#options;
    const ends = Array.from(this.#looking, ({ to }) => to);
    const lag = plan.analyticsLagMs;
    const at = Math.min(Math.max(...ends) + lag, Math.min(...ends) + 3 * lag);
    this.#look?.cancel();
    this.#look = context.clock.setTimer(Math.max(0, at - context.clock.now()), () => {
      const now = context.clock.now();
      for (const gap of this.#looking) {
        if (gap.to + lag > now) continue;
        this.#looking.delete(gap);
        this.#search(gap);
      }
      if (this.#looking.size > 0) this.#planLook();
      this.#pump();
    });
  }

  /** One timer for all that is due at an instant. */
  #postpone({ kind, id, rank, tries }: Question<GapCase>, gap: GapCase, topic: string, at: number): void {
    const asked = { kind, id, rank, tries, asker: gap, topics: [topic] };
    const others = this.#postponed.get(at);
    if (others !== undefined) {
      others.push(asked);
      return;
    }
    const due = [asked];
    this.#postponed.set(at, due);
    const { clock } = this.#options.context;
    const timer = clock.setTimer(Math.max(0, at - clock.now()), () => {
      this.#timers.delete(timer);
      this.#postponed.delete(at);
      // Who waits for it already by another way does not wait twice.
      for (const one of due)
        if (this.#list.add(one).length === 0) for (const each of one.topics) one.asker.answered(each);
      this.#pump();
    });
    this.#timers.add(timer);
  }

  #tell(gap: GapCase): void {
    const { context, name } = this.#options;
    const counts: Record<string, number> = { repaired: 0, partly: 0, unknowable: 0 };
    for (const { outcome, topics } of gap.findings) counts[outcome] = (counts[outcome] ?? 0) + topics.length;
    const outcomes = Object.entries(counts)
      .filter(([, count]) => count > 0)
      .map(([outcome, count]) => `${count} ${outcome}`)
      .join(", ");
    const topics = Object.values(counts).reduce((sum, count) => sum + count, 0);
    const line = `${name}: the state of ${topics} topics was asked for after a gap: ${gap.handedOn} handed on; ${outcomes}`;
    context.logger.info({ topics, handedOn: gap.handedOn, ...counts }, line);
  }
}
