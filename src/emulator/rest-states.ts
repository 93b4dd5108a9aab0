/**
 * The states that REST gives: what the sockets said last, or would have said, had anybody listened.
 *
 * X1. An answer at an instant is the state that all events up to that instant lead to.
 * X2. While it is frozen, everything is as it was then.
 */
import type { Conversation } from "./conversation.ts";
import type { Json, Said } from "./said.ts";
import { PLURAL } from "./said.ts";
import { mediaOf, toGeneric, toMedium } from "./shapes.ts";
import { genericSnapshot, MEDIUM_PLURALS, mediumSnapshot } from "./snapshot.ts";

/** What the states are read from: the traffic's centre. */
export interface StateSource {
  /** Body of the presence event of a user. */
  presence(userId: string): Json | undefined;
  /** `routingStatus` of the user's event: `{status, startTime}`. */
  routing(userId: string): Json | undefined;
  /** Body of the last observations event of a queue. */
  observations(queueId: string): Json | undefined;
  conversation(id: string): Conversation | undefined;
  /** Those that live, and those that ended a short while ago. */
  conversations(): Iterable<Conversation>;
}

/** A conversation in both shapes. */
export interface ShownConversation {
  readonly generic: Json;
  /** `calls`, `chats` … to the conversation in that medium's shape. */
  readonly media: Readonly<Record<string, Json>>;
}

/** States at an instant. */
export interface States {
  presence(userId: string): Json | undefined;
  routing(userId: string): Json | undefined;
  station(userId: string): Json | undefined;
  outOfOffice(userId: string): Json | undefined;
  observations(queueId: string): Json | undefined;
  conversation(id: string): ShownConversation | undefined;
  conversationIds(): readonly string[];
}

/** The states as they are now. */
export class LiveStates implements States {
  readonly #source: () => StateSource;
  readonly #said: Said;

  constructor(source: () => StateSource, said: Said) {
    this.#source = source;
    this.#said = said;
  }

  presence(userId: string): Json | undefined {
    return this.#said.find("presence", userId) ?? this.#source().presence(userId);
  }

  routing(userId: string): Json | undefined {
    return this.#said.find("routing", userId) ?? this.#source().routing(userId);
  }

  station(userId: string): Json | undefined {
    return this.#said.find("station", userId);
  }

  outOfOffice(userId: string): Json | undefined {
    return this.#said.find("outofoffice", userId);
  }

  observations(queueId: string): Json | undefined {
    return this.#said.find("observations", queueId) ?? this.#source().observations(queueId);
  }

  conversation(id: string): ShownConversation | undefined {
    const generic = this.#said.find("generic", id);
    if (generic !== undefined)
      return {
        generic,
        media: Object.fromEntries(mediaOf(generic).map((plural) => [plural, toMedium(generic, plural)])),
      };
    const medium = this.#said.find("medium", id);
    if (medium !== undefined) {
      const { [PLURAL]: plural, ...body } = medium;
      return { generic: toGeneric(body, String(plural)), media: { [String(plural)]: body } };
    }
    const conversation = this.#source().conversation(id);
    return conversation && show(conversation);
  }

  conversationIds(): readonly string[] {
    const ids = new Set(this.#said.conversationIds());
    for (const { id } of this.#source().conversations()) ids.add(id);
    return [...ids];
  }

  /** A copy that stays as it is: bodies are made anew for each state, none is changed. */
  frozen(userIds: readonly string[], queueIds: readonly string[]): States {
    const conversations = new Map(this.conversationIds().map((id) => [id, this.conversation(id) as ShownConversation]));
    const presences = new Map(userIds.map((id) => [id, this.presence(id)]));
    const routings = new Map(userIds.map((id) => [id, this.routing(id)]));
    const observations = new Map(queueIds.map((id) => [id, this.observations(id)]));
    const said = this.#said.copy();
    return {
      presence: (id) => presences.get(id),
      routing: (id) => routings.get(id),
      station: (id) => said.find("station", id),
      outOfOffice: (id) => said.find("outofoffice", id),
      observations: (id) => observations.get(id),
      conversation: (id) => conversations.get(id),
      conversationIds: () => [...conversations.keys()],
    };
  }
}

function show(conversation: Conversation): ShownConversation {
  return {
    generic: genericSnapshot(conversation),
    media: { [MEDIUM_PLURALS[conversation.medium]]: mediumSnapshot(conversation) },
  };
}
