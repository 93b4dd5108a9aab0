/**
 * Topic names of the provider: `v2.<area>.<…>.{id}…`, compared without regard to case (official clients do; templates have
 * mixed case, one official SDK lower-cases names on receipt).
 */

/** One subscription entry must stay under so many characters (limit applied by the official client). */
export const MAX_TOPIC_CHARACTERS = 199;

/** Marks the place in a topic that stands for every id the client may see. */
export const EVERY = "{*}";

/** Why a text is no topic that can be subscribed; undefined where it is one. `{*}` counts as an id. */
export function topicProblem(topic: string): string | undefined {
  if (topic.length > MAX_TOPIC_CHARACTERS) return `longer than ${MAX_TOPIC_CHARACTERS} characters (${topic.length})`;
  if (/^channel\.metadata$|^v2\.system(?:\.|$)/iu.test(topic))
    return "a system topic: it arrives without a subscription";
  if (!/^v2\.[^.\s]/iu.test(topic)) return 'not of the form "v2.<area>.<…>"';
  const parts = topic.split(".");
  if (parts.some((part) => part === "")) return "an empty part between dots";
  if (parts.some((part) => part.includes("*") && part !== EVERY)) return `"*" outside of "${EVERY}"`;
  if (!/^[\w.{}*?&:@~-]+$/u.test(topic)) return "a character that topics do not have";
  return undefined;
}

/** The form in which topics are compared. */
export function topicIdentity(topic: string): string {
  return topic.toLowerCase();
}

/**
 * How many topics an entry stands for: `v2.users.{id}?presence&routingStatus` are two. Whether the provider counts such an
 * entry once is not known, so the worse case is planned for.
 */
export function topicCount(topic: string): number {
  const question = topic.indexOf("?");
  return question === -1 ? 1 : topic.slice(question + 1).split("&").length;
}
