/** How the centre's happenings become events: topics, bodies and, on the second wire, frames. */
import { bodyHash } from "./ledger.ts";
import type { Broadcast, Topic } from "./broadcast.ts";
import { toTopic } from "./broadcast.ts";
import type { PlaceTopics } from "./centre-topics.ts";
import { CentreTopics } from "./centre-topics.ts";
import type { Conversation, Participant } from "./conversation.ts";
import { hasEnded } from "./conversation.ts";
import type { Directory, SystemPresence } from "./directory.ts";
import { platformFrame, platformState } from "./platform-websocket.ts";
import type { Said } from "./said.ts";
import { forgetTexts, genericText, mediumText } from "./snapshot-text.ts";

/** Routing statuses of the platform. */
export type RoutingStatus = "OFF_QUEUE" | "IDLE" | "INTERACTING" | "NOT_RESPONDING" | "COMMUNICATING";

/** What an agent's events show. */
export interface AgentFacts {
  readonly id: string;
  readonly presence: SystemPresence;
  readonly presenceAt: number;
  readonly routingStatus: RoutingStatus;
  readonly routingAt: number;
  readonly activeQueueIds: readonly string[];
  readonly queuesAt: number;
}

/** Counts how much was put on the wires. */
export interface StageCount {
  /** Events produced. */
  produced: number;
  /** Events that some socket was owed. */
  heard: number;
}

const iso = (at: number): string => new Date(at).toISOString();

/** What the stage needs. */
export interface StageParts {
  readonly broadcast: Broadcast;
  readonly directory: Directory;
  /** From the seed: correlation ids are part of the believable traffic. */
  readonly uuid: () => string;
  /** What somebody else said about the same objects, which is outdated by what is said here. */
  readonly said: Said;
  /** How the presence "on queue" is spelt. */
  readonly onQueue: string;
}

/** Puts what happens in the centre on the wires. */
export class Stage {
  readonly #broadcast: Broadcast;
  readonly #directory: Directory;
  readonly #uuid: () => string;
  readonly #said: Said;
  readonly #onQueue: string;
  readonly #topics = new CentreTopics();
  readonly count: StageCount = { produced: 0, heard: 0 };

  constructor({ broadcast, directory, uuid, said, onQueue }: StageParts) {
    this.#broadcast = broadcast;
    this.#directory = directory;
    this.#uuid = uuid;
    this.#said = said;
    this.#onQueue = onQueue;
  }

  /** A conversation changed: the same snapshot goes to its queues and to the users who take part or just took part. */
  conversation(conversation: Conversation, changed: readonly Participant[]): void {
    const places = new Set<PlaceTopics>();
    for (const participant of conversation.participants) {
      if (hasEnded(participant) && !changed.includes(participant)) continue;
      if (participant.queueId !== undefined) places.add(this.#topics.ofQueue(participant.queueId));
      if (participant.userId !== undefined) places.add(this.#topics.ofUser(participant.userId));
    }
    const correlationId = this.#uuid();
    forgetTexts(changed);
    this.#said.forget("generic", conversation.id);
    this.#said.forget("medium", conversation.id);
    if (places.size > 0) {
      const generic = Array.from(places, ({ conversations }) => conversations);
      this.#send(generic, conversation.id, () => genericText(conversation), correlationId);
      const perMedium = Array.from(places, ({ media }) => media[conversation.medium]);
      this.#send(perMedium, conversation.id, () => mediumText(conversation), correlationId);
    }
    if (!this.#broadcast.hasPlatformSockets) return;
    for (const participant of changed) {
      this.#platform("conversation:activity", {
        conversationId: conversation.id,
        participantId: participant.id,
        state: platformState(participant.state),
        timestamp: iso(conversation.changedAt),
      });
    }
  }

  /** An agent's presence changed. */
  presence(agent: AgentFacts): void {
    const correlationId = this.#uuid();
    this.#said.forget("presence", agent.id);
    this.#send(
      [this.#topics.ofUser(agent.id).presence],
      agent.id,
      () => JSON.stringify(this.presenceBody(agent)),
      correlationId,
    );
    this.#activity(agent, correlationId);
    if (!this.#broadcast.hasPlatformSockets) return;
    this.#platform("presence:status", { userId: agent.id, presence: agent.presence, timestamp: iso(agent.presenceAt) });
  }

  /** An agent's routing status changed. */
  routing(agent: AgentFacts): void {
    const correlationId = this.#uuid();
    this.#said.forget("routing", agent.id);
    const toText = (): string => JSON.stringify({ id: agent.id, routingStatus: this.routingStatus(agent) });
    this.#send([this.#topics.ofUser(agent.id).routingStatus], agent.id, toText, correlationId);
    this.#activity(agent, correlationId);
    if (!this.#broadcast.hasPlatformSockets) return;
    this.#platform("routing:agent:status", {
      agentId: agent.id,
      status: agent.routingStatus,
      timestamp: iso(agent.routingAt),
    });
  }

  /** A queue's statistics. */
  observations(queueId: string, body: unknown): void {
    this.#said.forget("observations", queueId);
    this.other(`v2.analytics.queues.${queueId}.observations`, queueId, body);
  }

  /** Body of the presence event. */
  presenceBody(agent: AgentFacts): Readonly<Record<string, unknown>> {
    return {
      source: "PURECLOUD",
      presenceDefinition: this.#presenceDefinition(agent),
      primary: true,
      message: "",
      modifiedDate: iso(agent.presenceAt),
    };
  }

  /** The routing status as its event shows it. */
  routingStatus(agent: AgentFacts): Readonly<Record<string, unknown>> {
    return { status: agent.routingStatus, startTime: iso(agent.routingAt) };
  }

  /** Any other event. */
  other(topic: string, key: string, body: unknown): void {
    this.#send([toTopic(topic)], key, () => JSON.stringify(body), this.#uuid());
  }

  /** What somebody else said about the half that did not change stands. */
  #activity(agent: AgentFacts, correlationId: string): void {
    const presence = this.#said.find("presence", agent.id) ?? this.presenceBody(agent);
    const toText = (): string =>
      JSON.stringify({
        id: agent.id,
        routingStatus: this.#said.find("routing", agent.id) ?? this.routingStatus(agent),
        presence: {
          presenceDefinition: presence["presenceDefinition"],
          presenceMessage: presence["message"],
          modifiedDate: presence["modifiedDate"],
        },
        outOfOffice: { active: false },
        activeQueueIds: agent.activeQueueIds,
        dateActiveQueuesChanged: iso(agent.queuesAt),
      });
    this.#send([this.#topics.ofUser(agent.id).activity], agent.id, toText, correlationId);
  }

  #presenceDefinition(agent: AgentFacts): unknown {
    const systemPresence = agent.presence === "ON_QUEUE" ? this.#onQueue : agent.presence;
    return { id: this.#directory.presenceIds.get(agent.presence), systemPresence };
  }

  /** One body, written and hashed once, on several topics; not at all when nobody listens to any. */
  #send(topics: readonly Topic[], key: string, toText: () => string, correlationId: string): void {
    let bodyText: string | undefined;
    let hash = "";
    for (const topic of topics) {
      const hearers = this.#broadcast.hearers(topic);
      if (hearers.length === 0) {
        this.#broadcast.unheard(topic, key);
        this.count.produced += 1;
        continue;
      }
      if (bodyText === undefined) {
        bodyText = toText();
        hash = bodyHash(bodyText);
      }
      this.#tally(this.#broadcast.notify({ topic, key, bodyText, hash, correlationId }, hearers).socketCount);
    }
  }

  #platform(topic: string, data: Readonly<Record<string, unknown>>): void {
    this.#tally(this.#broadcast.platformFrame(platformFrame(topic, data)).socketCount);
  }

  #tally(socketCount: number): void {
    this.count.produced += 1;
    if (socketCount > 0) this.count.heard += 1;
  }
}
