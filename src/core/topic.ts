/**
 * Topic names of the provider: `v2.<area>.<…>.{id}…`, compared without regard to case (official clients do; templates have
 * mixed case, one official SDK lower-cases names on receipt).
 *
 * A combined entry, `v2.users.{id}?presence&station`, stands for the single topics `v2.users.{id}.presence` and
 * `v2.users.{id}.station`, and events come under the single names. So everything here but the wire has single topics: an entry is
 * taken apart where it comes in ({@link singleTopics}) and made where a list goes out ({@link combineTopics}).
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
  const [name = "", list, ...more] = topic.split("?");
  if (more.length > 0) return '"?" twice';
  const named = name.split(".");
  const listed = list === undefined ? [] : list.split("&").flatMap((part) => part.split("."));
  if ([...named, ...listed].includes("")) return 'an empty part between dots, or after "?" and "&"';
  if (named.some((part) => part.includes("*") && part !== EVERY) || listed.some((part) => part.includes("*")))
    return `"*" outside of "${EVERY}"`;
  if (!/^[\w.{}*?&:@~-]+$/u.test(topic)) return "a character that topics do not have";
  return undefined;
}

/** The form in which topics are compared. */
export function topicIdentity(topic: string): string {
  return topic.toLowerCase();
}

/** The single topics that an entry stands for; a topic that is single stands for itself. */
export function singleTopics(entry: string): readonly string[] {
  const question = entry.indexOf("?");
  if (question === -1) return [entry];
  const prefix = entry.slice(0, question);
  return entry
    .slice(question + 1)
    .split("&")
    .map((part) => `${prefix}.${part}`);
}

/**
 * How many topics an entry stands for: `v2.users.{id}?presence&routingStatus` are two. Whether the provider counts such an
 * entry once is not known, so the worse case is planned for.
 */
export function topicCount(topic: string): number {
  return singleTopics(topic).length;
}

/** Where a single topic may be cut to be combined: before its last part, as the official client does. Undefined: not at all. */
export function cutTopic(topic: string): { readonly prefix: string; readonly part: string } | undefined {
  const dot = topic.lastIndexOf(".");
  const part = topic.slice(dot + 1);
  // A last part with a digit is an id, and ids are not known to be taken after "?".
  if (topic.includes("?") || topic.indexOf(".") === dot || !/^[a-z_]+$/iu.test(part)) return undefined;
  return { prefix: topic.slice(0, dot), part };
}

/** The same single topics as fewer entries, each within {@link MAX_TOPIC_CHARACTERS}; in the order of their first ones. */
export function combineTopics(topics: readonly string[]): readonly string[] {
  const entries: string[] = [];
  /** Of each prefix the entry that still may have room. */
  const open = new Map<string, number>();
  for (const topic of topics) {
    const cut = cutTopic(topic);
    const place = cut === undefined ? undefined : open.get(topicIdentity(cut.prefix));
    const entry = place === undefined ? undefined : entries[place];
    const joined = cut === undefined || entry === undefined ? undefined : joinEntry(entry, cut.part);
    if (place !== undefined && joined !== undefined) {
      entries[place] = joined;
      continue;
    }
    if (cut !== undefined) open.set(topicIdentity(cut.prefix), entries.length);
    entries.push(topic);
  }
  return entries;
}

/** An entry with one more part; undefined where that makes it too long. */
export function joinEntry(entry: string, part: string): string | undefined {
  const cut = cutTopic(entry);
  const joined = cut === undefined ? `${entry}&${part}` : `${cut.prefix}?${cut.part}&${part}`;
  return joined.length > MAX_TOPIC_CHARACTERS ? undefined : joined;
}
