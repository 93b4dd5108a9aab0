/** The messages that a socket gets without having asked (docs/protocol.md, 8.4). */

/** Who a system message speaks of. */
export interface SystemSubject {
  readonly channelId: string;
  readonly organizationId: string;
  readonly oauthClientId: string;
  /** Behind the channel's token, where there is one. */
  readonly userId?: string;
  readonly correlationId: string;
}

/** The kinds of system messages. */
export type SystemMessage = "socket_closing" | "no_longer_subscribed" | "token_revoked" | "subscription_changed";

/** The frame of a system message. */
export function systemFrame(kind: SystemMessage, subject: SystemSubject, closingBody: "full" | "empty"): Buffer {
  const { correlationId, ...who } = subject;
  const frame = {
    version: "2",
    eventBody: kind === "socket_closing" && closingBody === "empty" ? {} : bodyOf(kind, who, correlationId),
    metadata: { CorrelationId: correlationId },
  };
  return Buffer.from(JSON.stringify({ topicName: topicOf(kind, subject.channelId), ...frame }));
}

function topicOf(kind: SystemMessage, channelId: string): string {
  if (kind === "socket_closing") return "v2.system.socket_closing";
  if (kind === "subscription_changed") return "v2.subscription.updated";
  return `v2.system.${kind}.${channelId}`;
}

function bodyOf(kind: SystemMessage, who: Omit<SystemSubject, "correlationId">, correlationId: string): unknown {
  switch (kind) {
    case "socket_closing":
      return { channelId: who.channelId, message: "The server is closing this socket" };
    case "no_longer_subscribed":
      return {
        channelId: who.channelId,
        systemTopicType: kind,
        correlationId,
        organizationId: who.organizationId,
        oauthClientId: who.oauthClientId,
        ...(who.userId !== undefined && { userId: who.userId }),
        reason: "another_channel_subscribed",
        message: "Another channel took over the subscriptions",
      };
    case "token_revoked":
      return {
        ...who,
        systemTopicType: kind,
        reason: "user_tokens_revoked",
        message: "The token of this channel was revoked",
      };
    case "subscription_changed":
      return { ...who, systemTopicType: kind, message: "Subscriptions changed" };
    default:
      return kind satisfies never;
  }
}
