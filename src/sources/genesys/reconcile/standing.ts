/** Questions about how people and queues stand, and what their answers say on which topic. */
import { compareStanding, readLivePart, standingBody, type Standing } from "../../../core/freshness-standing.ts";
import type { Sent } from "../../../core/freshness-notes.ts";
import { readBody } from "../../../core/freshness.ts";
import { failedCall, NO_ACTIVE_QUEUES, NO_AGGREGATES } from "../../../core/reconcile-findings.ts";
import type { Question } from "../../../core/reconcile-list.ts";
import { numbersBody, readNumbers } from "../../../core/reconcile-search.ts";
import {
  observationsObject,
  type StandingPart,
  standingObject,
  type TopicSubject,
} from "../../../core/reconcile-topics.ts";
import { API_PATHS } from "../../../wire/genesys.ts";
import { type Desk, type Want, wantsOf } from "./desk.ts";
import type { GapCase } from "./gap-case.ts";
import { askPeople, isTrouble, type FoundPart } from "./people.ts";

type Asked = Question<GapCase>;
type StandingSubject = Extract<TopicSubject, { readonly kind: "standing" }>;

/** How these people stand. */
export async function settlePeople(desk: Desk, questions: readonly Asked[]): Promise<void> {
  const open = questions.filter(
    (question) => desk.lacking(standingObject(question.id), question, wantsOf(question)).length > 0,
  );
  if (open.length === 0) return;
  const wanted = new Map(open.map((question) => [question.id, partsOf(question)]));
  const sent = desk.send();
  const found = await askPeople(desk.options.asker, wanted);
  for (const question of open) settlePerson(desk, question, found.get(question.id) ?? new Map(), sent);
}

function partsOf(question: Asked): ReadonlySet<StandingPart> {
  return new Set(wantsOf(question).flatMap(({ topic }) => subjectOf(topic.subject)?.parts ?? []));
}

function subjectOf(subject: TopicSubject): StandingSubject | undefined {
  return subject.kind === "standing" ? subject : undefined;
}

function settlePerson(desk: Desk, question: Asked, found: ReadonlyMap<StandingPart, FoundPart>, sent: Sent): void {
  const object = standingObject(question.id);
  const byTopic = Map.groupBy(desk.lacking(object, question, wantsOf(question)), ({ topic }) => topic.subject.identity);
  for (const wants of byTopic.values()) {
    const subject = wants[0] && subjectOf(wants[0].topic.subject);
    if (subject === undefined) continue;
    const standing: Partial<Record<StandingPart, Exclude<FoundPart, { readonly outcome: unknown }>>> = {};
    for (const part of subject.parts) {
      const one = found.get(part) ?? failedCall(`no answer about the ${part} of a person`);
      if (!isTrouble(one)) standing[part] = one;
      else for (const want of wants) desk.trouble(want, one);
    }
    handOnStanding(desk, question, subject, standing, sent, wants);
    if (subject.shape === "activity") for (const want of wants) desk.trouble(want, NO_ACTIVE_QUEUES);
  }
}

function handOnStanding(
  desk: Desk,
  question: Asked,
  { identity, userId, shape, parts }: StandingSubject,
  standing: Standing,
  sent: Sent,
  wants: readonly Want[],
): void {
  if (parts.every((part) => standing[part] === undefined)) return;
  desk.handOn(
    question,
    {
      object: standingObject(question.id),
      key: userId,
      sent,
      // An event on another topic may say nothing of these parts.
      compare: (body, topic) =>
        topic !== identity && parts.every((part) => readLivePart(part, userId, body, topic) === undefined)
          ? "equal"
          : compareStanding(standing, userId, body, topic),
      bodyFor: (_topic, before) => standingBody(shape, userId, standing, readBody(before)),
    },
    wants,
  );
}

/** The numbers of these queues. */
export async function settleNumbers(desk: Desk, questions: readonly Asked[]): Promise<void> {
  const sent = desk.send();
  const body = numbersBody(questions.map(({ id }) => id));
  const told = await desk.options.asker.ask("numbers", { method: "POST", path: API_PATHS.queueNumbers, body });
  const numbers = told.kind === "told" ? readNumbers(told.json, sent.at) : undefined;
  const trouble =
    told.kind === "untold"
      ? told.trouble
      : numbers === undefined
        ? failedCall("an answer about queues that is none")
        : NO_AGGREGATES;
  for (const question of questions) {
    const wants = wantsOf(question);
    for (const { queueId, mediaType, body: said } of numbers ?? []) {
      if (queueId.toLowerCase() !== question.id.toLowerCase()) continue;
      const object = observationsObject(queueId, mediaType);
      const facts = { object, key: question.id, sent, isPassing: true };
      const snapshot = { ...facts, compare: () => "unordered" as const, bodyFor: () => said };
      desk.handOn(question, snapshot, wants);
    }
    for (const want of wants) desk.trouble(want, trouble);
  }
}
