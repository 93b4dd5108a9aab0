/**
 * Types of the events that matter most, for handlers: bodies by topic, and the frame around them. What an account's own schemas say in full
 * is written by `ringfirst types`.
 *
 * They are what the platform describes, not a promise: fields are left out where they are not set, and fields and values are added. So have a
 * branch for what you don't know.
 */
import type { Conversation } from "./genesys-conversation-event.ts";
import type {
  CallConversation,
  CallbackConversation,
  ChatConversation,
  EmailConversation,
  MessageConversation,
} from "./genesys-media-events.ts";
import type {
  QueueActivity,
  QueueMember,
  QueueObservations,
  UserActivity,
  UserConversationSummary,
  UserOutOfOffice,
  UserPresence,
  UserRoutingStatus,
  UserStations,
} from "./genesys-standing-events.ts";

/** The body of each topic's events; `{id}` stands for a concrete id. */
export interface GenesysEventBodies {
  readonly "v2.analytics.queues.{id}.activity": QueueActivity;
  readonly "v2.analytics.queues.{id}.observations": QueueObservations;
  readonly "v2.routing.queues.{id}.conversations": Conversation;
  readonly "v2.routing.queues.{id}.conversations.callbacks": CallbackConversation;
  readonly "v2.routing.queues.{id}.conversations.calls": CallConversation;
  readonly "v2.routing.queues.{id}.conversations.chats": ChatConversation;
  readonly "v2.routing.queues.{id}.conversations.emails": EmailConversation;
  readonly "v2.routing.queues.{id}.conversations.messages": MessageConversation;
  readonly "v2.routing.queues.{id}.users": QueueMember;
  readonly "v2.users.{id}.activity": UserActivity;
  readonly "v2.users.{id}.conversations": Conversation;
  readonly "v2.users.{id}.conversations.callbacks": CallbackConversation;
  readonly "v2.users.{id}.conversations.calls": CallConversation;
  readonly "v2.users.{id}.conversations.chats": ChatConversation;
  readonly "v2.users.{id}.conversations.emails": EmailConversation;
  readonly "v2.users.{id}.conversations.messages": MessageConversation;
  readonly "v2.users.{id}.conversationsummary": UserConversationSummary;
  readonly "v2.users.{id}.outofoffice": UserOutOfOffice;
  readonly "v2.users.{id}.presence": UserPresence;
  readonly "v2.users.{id}.routingStatus": UserRoutingStatus;
  readonly "v2.users.{id}.station": UserStations;
}

/** A topic whose events are described. */
export type GenesysTopic = keyof GenesysEventBodies;

/** The topic with ids in the place of `{id}`. */
type Concrete<T extends string> = T extends `${infer Before}{id}${infer After}`
  ? `${Before}${string}${Concrete<After>}`
  : T;

/** What a topic's events are about, by its template: `GenesysEventBody<"v2.users.{id}.presence">`. */
export type GenesysEventBody<T extends GenesysTopic = GenesysTopic> = GenesysEventBodies[T];

/** An event as it comes on the wire. */
export type GenesysEventFrame<T extends GenesysTopic = GenesysTopic> = T extends GenesysTopic
  ? {
      readonly topicName: Concrete<T>;
      readonly version?: string;
      readonly eventBody: GenesysEventBodies[T];
      readonly metadata?: { readonly CorrelationId?: string };
    }
  : never;
