/**
 * Questions about conversations: those that live events showed before the gap, those that the provider's analytics find, and each of
 * them by itself, in the shapes that the topics want.
 */
import {
  compareConversations,
  conversationSides,
  type ConversationSides,
} from "../../../core/freshness-conversation.ts";
import { readBody } from "../../../core/freshness.ts";
import { failedCall, PAGES_MOVED, type Trouble } from "../../../core/reconcile-findings.ts";
import { type Question, RANK } from "../../../core/reconcile-list.ts";
import { type FoundConversation, mayCarry, readFoundPage, searchBody } from "../../../core/reconcile-search.ts";
import { conversationObject, MEDIUM_NAMES, type MediumName, topicSubject } from "../../../core/reconcile-topics.ts";
import { API_PATHS } from "../../../wire/genesys.ts";
import { type Desk, type Want, wantsOf } from "./desk.ts";
import type { GapCase } from "./gap-case.ts";

type Asked = Question<GapCase>;
type Shape = MediumName | "any";

/** The clocks of both sides differ, and so do the last sign of life and the last event. */
const MARGIN_MS = 30_000;
/** A longer gap is looked at from here on only. */
const LOOK_BACK_MS = 7 * 86_400_000;
const MAX_PAGES = 200;
/** Ended conversations that are asked for after one gap. */
const MAX_ENDED = 2_000;
/** Conversations that are read without a turn for others. */
const SLICE = 100;
const OBJECT = conversationObject("");

const TOO_LONG: Trouble = {
  outcome: "partly",
  why: "the gap is longer than 7 days; what ended before them is not looked up",
};
const TOO_MANY: Trouble = {
  outcome: "partly",
  why: `more than ${MAX_ENDED.toLocaleString("en")} conversations ended meanwhile; the others are not asked for`,
};
const GONE: Trouble = { outcome: "partly", why: "the platform does not know a conversation any more" };

/** Asks for conversations that live events showed, as far as nobody has said since that they are over. */
export async function settleRemembered(desk: Desk, [question]: readonly Asked[]): Promise<void> {
  const { notes, clock } = desk.options;
  for (const gap of question?.waiters.keys() ?? []) {
    const objects = notes.objects(OBJECT);
    for (const [place, object] of objects.entries()) {
      if (place % SLICE === SLICE - 1) await new Promise<void>((resolve) => clock.defer(resolve));
      remember(desk, gap, object);
    }
  }
}

function remember(desk: Desk, gap: GapCase, object: string): void {
  const seen = desk.options.notes.find(object).map(({ topic, seq, body }) => {
    const subject = topicSubject(topic);
    const shape: Shape = subject?.kind === "conversations" ? subject.medium : "any";
    const read = readBody(body);
    return { topic, seq, shape, id: idOf(read), sides: conversationSides(read, shape) };
  });
  const last = seen.reduce<(typeof seen)[number] | undefined>(
    (one, other) => (one && one.seq > other.seq ? one : other),
    undefined,
  );
  if (last?.sides === undefined || last.id === undefined) return;
  const topics = new Set(
    seen.filter(({ topic, sides }) => gap.topics.has(topic) && sides?.isOver === false).map(({ topic }) => topic),
  );
  const { sides } = last;
  const media = last.shape === "any" ? sides.media : new Set([last.shape]);
  if (!sides.isOver)
    for (const { subject } of gap.carriers(sides, (medium) => mayCarry(media, medium))) topics.add(subject.identity);
  want(desk, gap, { id: last.id, isAlerting: sides.isAlerting, isOver: sides.isOver }, topics);
}

function idOf(body: unknown): string | undefined {
  const id = (body as { readonly id?: unknown } | undefined)?.id;
  return typeof id === "string" && /^[\w:@~-]{1,100}$/u.test(id) ? id : undefined;
}

/** Puts a conversation on the list, for those topics that have not told it since. */
function want(
  desk: Desk,
  gap: GapCase,
  { id, isAlerting, isOver }: Pick<FoundConversation, "id" | "isAlerting" | "isOver">,
  topics: Iterable<string>,
): void {
  const object = conversationObject(id);
  const lacking = [...topics].filter((topic) => desk.options.notes.toldSince(object, topic, gap) !== "surely");
  if (lacking.length === 0 || gap.known.has(id.toLowerCase())) return;
  if (isOver) gap.endedCount += 1;
  if (gap.endedCount > MAX_ENDED && isOver) {
    for (const identity of lacking) complain(desk, gap, identity, TOO_MANY);
    return;
  }
  const rank = isAlerting ? RANK.alerting : isOver ? RANK.ended : RANK.conversation;
  desk.ask(gap, lacking, { kind: "conversation", id, rank });
}

function complain(desk: Desk, gap: GapCase, identity: string, trouble: Trouble): void {
  const topic = gap.topics.get(identity);
  if (topic !== undefined) desk.trouble({ gap, topic }, trouble);
}

/** Looks for the conversations of these people or queues. */
export async function settleSearch(desk: Desk, of: "users" | "queues", questions: readonly Asked[]): Promise<void> {
  const gaps = new Set(questions.flatMap(({ waiters }) => [...waiters.keys()]));
  const now = desk.options.clock.now();
  for (const gap of gaps) gap.lookedAt ??= now;
  const wanted = Math.min(...Array.from(gaps, ({ from }) => from)) - MARGIN_MS;
  const interval = { from: Math.max(wanted, now - LOOK_BACK_MS), to: now + MARGIN_MS };
  const ids = questions.map(({ id }) => id);
  let trouble = await readPages(desk, of, ids, interval, gaps);
  if (trouble === PAGES_MOVED) trouble = await readPages(desk, of, ids, interval, gaps);
  const all = questions.flatMap(wantsOf);
  if (trouble !== undefined) for (const one of all) desk.trouble(one, trouble);
  for (const one of all) {
    if (trouble === undefined) one.topic.got = true;
    if (one.gap.from < now - LOOK_BACK_MS) desk.trouble(one, TOO_LONG);
  }
}

async function readPages(
  desk: Desk,
  of: "users" | "queues",
  ids: readonly string[],
  interval: { readonly from: number; readonly to: number },
  gaps: ReadonlySet<GapCase>,
): Promise<Trouble | undefined> {
  const seen = new Set<string>();
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const body = searchBody(of, ids, interval, page);
    const told = await desk.options.asker.ask("search", { method: "POST", path: API_PATHS.searchConversations, body });
    if (told.kind === "untold") return told.trouble;
    const found = told.kind === "told" ? readFoundPage(told.json, page) : undefined;
    if (found === undefined) return failedCall("a search for conversations had an answer that is none");
    for (const one of found.conversations) {
      seen.add(one.id);
      for (const gap of gaps) {
        const topics = gap
          .carriers(one, (medium) => mayCarry(one.media, medium))
          .map(({ subject }) => subject.identity);
        want(desk, gap, one, topics);
      }
    }
    if (found.isLast) return seen.size < found.total ? PAGES_MOVED : undefined;
  }
  return failedCall("a search for conversations has too many pages");
}

/** Asks for one conversation, in every shape that somebody wants. */
export async function settleConversation(desk: Desk, [question]: readonly Asked[]): Promise<void> {
  if (question === undefined) return;
  const object = conversationObject(question.id);
  const wants = desk.lacking(object, question, wantsOf(question));
  if (wants.length === 0) return;
  const shapes = new Set(wants.map(shapeOf));
  let sides: ConversationSides | undefined;
  for (const shape of ["any" as const, ...MEDIUM_NAMES]) {
    if (!shapes.has(shape) || (sides !== undefined && !mayCarry(sides.media, shape))) continue;
    const mine = desk.lacking(
      object,
      question,
      wants.filter((one) => shapeOf(one) === shape),
    );
    if (mine.length > 0) sides = (await settleShape(desk, question, shape, mine)) ?? sides;
  }
  for (const { gap } of wants) gap.known.add(question.id.toLowerCase());
}

function shapeOf({ topic: { subject } }: Want): Shape {
  return subject.kind === "conversations" ? subject.medium : "any";
}

async function settleShape(
  desk: Desk,
  question: Asked,
  shape: Shape,
  wants: readonly Want[],
): Promise<ConversationSides | undefined> {
  const sent = desk.send();
  const name = shape === "any" ? "" : `/${shape}`;
  const path = `${API_PATHS.conversations}${name}/${encodeURIComponent(question.id)}`;
  const told = await desk.options.asker.ask(`conversation${name}`, { method: "GET", path });
  const sides = told.kind === "told" ? conversationSides(told.json, shape) : undefined;
  if (told.kind !== "told" || sides === undefined) {
    const odd = failedCall(`GET ${API_PATHS.conversations}${name}/{id}: no conversation in the answer`);
    const trouble = told.kind === "gone" ? GONE : told.kind === "untold" ? told.trouble : odd;
    for (const one of wants) desk.trouble(one, trouble);
    return undefined;
  }
  const snapshot = {
    object: conversationObject(question.id),
    key: question.id,
    sent,
    compare: (live: unknown, topic: string) => compareConversations(told.json, shape, live, topic),
    bodyFor: () => told.json,
  };
  desk.handOn(question, snapshot, withOthers(question, sides, shape, wants));
  return sides;
}

/** Topics of the same gaps that would have carried it, though nobody knew when it was asked for. */
function withOthers(question: Asked, sides: ConversationSides, shape: Shape, wants: readonly Want[]): readonly Want[] {
  const all = [...wants];
  for (const gap of question.waiters.keys()) {
    for (const topic of gap.carriers(sides, (medium) => medium === shape)) {
      if (!all.some((one) => one.gap === gap && one.topic === topic)) all.push({ gap, topic });
    }
  }
  return all;
}
