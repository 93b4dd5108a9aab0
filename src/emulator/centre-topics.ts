/** The topics of each user and queue, made once: the traffic names them many thousand times a second. */
import type { Topic } from "./broadcast.ts";
import { toTopic } from "./broadcast.ts";
import type { Medium } from "./conversation.ts";
import { MEDIUM_PLURALS } from "./snapshot.ts";

/** Topics of a place where conversations are seen. */
export interface PlaceTopics {
  readonly conversations: Topic;
  readonly media: Readonly<Record<Medium, Topic>>;
}

/** Topics of a user. */
export interface UserTopics extends PlaceTopics {
  readonly presence: Topic;
  readonly routingStatus: Topic;
  readonly activity: Topic;
}

/** All of them, as they are needed. */
export class CentreTopics {
  readonly #users = new Map<string, UserTopics>();
  readonly #queues = new Map<string, PlaceTopics>();

  ofUser(id: string): UserTopics {
    const known = this.#users.get(id);
    if (known !== undefined) return known;
    const prefix = `v2.users.${id}`;
    const made = {
      ...placeTopics(prefix),
      presence: toTopic(`${prefix}.presence`),
      routingStatus: toTopic(`${prefix}.routingStatus`),
      activity: toTopic(`${prefix}.activity`),
    };
    this.#users.set(id, made);
    return made;
  }

  ofQueue(id: string): PlaceTopics {
    const known = this.#queues.get(id);
    if (known !== undefined) return known;
    const made = placeTopics(`v2.routing.queues.${id}`);
    this.#queues.set(id, made);
    return made;
  }
}

function placeTopics(prefix: string): PlaceTopics {
  const media = Object.entries(MEDIUM_PLURALS).map(([medium, plural]) => [
    medium,
    toTopic(`${prefix}.conversations.${plural}`),
  ]);
  return {
    conversations: toTopic(`${prefix}.conversations`),
    media: Object.fromEntries(media) as Readonly<Record<Medium, Topic>>,
  };
}
