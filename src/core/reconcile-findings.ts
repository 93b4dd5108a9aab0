/** What reconciliation found out about the topics of one gap, put into the few words of findings. */
import type { GapFinding, GapOutcome } from "./gap.ts";
import { topicFamily, topicSubject } from "./reconcile-topics.ts";

/** Why not all of it could be had. `unknowable`: nothing of it could. */
export interface Trouble {
  readonly outcome: "partly" | "unknowable";
  readonly why: string;
}

/** The finding about a topic of which nothing can be asked for. */
export function unknowableTopic(topic: string): Trouble {
  return { outcome: "unknowable", why: `nobody keeps what ${topicFamily(topic)} told; it can't be asked for` };
}

/** The provider refuses the topic itself, so its events are not missed, and its state is not handed on. */
export const NOT_SUBSCRIBED: Trouble = {
  outcome: "unknowable",
  why: "the topic is not subscribed here, because the platform refuses it or nobody wants it any more",
};

/** An answer stayed behind live events. */
export const STAYED_BEHIND: Trouble = {
  outcome: "partly",
  why: "the platform's answers stayed older than its own events, and are not handed on",
};

/** The activity topic tells more than can be asked for. */
export const NO_ACTIVE_QUEUES: Trouble = {
  outcome: "partly",
  why: "routing status, presence and out of office are known again; the active queues can't be asked for",
};

/** A statistics topic tells more than can be asked for. */
export const NO_AGGREGATES: Trouble = {
  outcome: "partly",
  why: "the present observations are known again; the sums of the half hour come with the next event",
};

/** Pages moved while they were read. */
export const PAGES_MOVED: Trouble = {
  outcome: "partly",
  why: "the list of conversations changed while it was read, twice; some may not have been seen",
};

/** A call that failed for good. */
export function failedCall(reason: string): Trouble {
  return { outcome: "partly", why: `a question failed for good: ${reason}` };
}

/** A call that the provider refuses. */
export function refusedCall(reason: string): Trouble {
  return { outcome: "unknowable", why: `the platform refuses the question: ${reason}` };
}

/** Why a topic whose state is known again is called repaired, and what that does not say. */
function repairedWhy(topic: string): string {
  return topicSubject(topic)?.kind === "conversations"
    ? "all conversations of that time were looked up; each is known as it is now, states in between are not"
    : "the state is known again; states in between are not";
}

/** Findings about topics, each with what was in the way, grouped by what they say. */
export function findingsOf(
  topics: Iterable<{ readonly name: string; readonly trouble: Trouble | undefined }>,
): readonly GapFinding[] {
  const groups = new Map<string, { outcome: GapOutcome; why: string; topics: string[] }>();
  for (const { name, trouble } of topics) {
    const { outcome, why } = trouble ?? { outcome: "repaired" as const, why: repairedWhy(name) };
    const group = groups.get(`${outcome} ${why}`) ?? { outcome, why, topics: [] };
    groups.set(`${outcome} ${why}`, group);
    group.topics.push(name);
  }
  return [...groups.values()];
}

/** Of two troubles about one topic the one that is told. */
export function worseOf(one: Trouble | undefined, other: Trouble): Trouble {
  if (one === undefined) return other;
  return one.outcome === "unknowable" || other.outcome !== "unknowable" ? one : other;
}
