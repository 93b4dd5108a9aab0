/** The source port: the left edge. A source turns a provider's wire into received events and keeps itself alive. */
import type { BodyEncoding, Origin } from "../core/event-record.ts";
import type { GapFinding } from "../core/gap.ts";
import type { Clock } from "./clock.ts";
import type { Logger } from "./logger.ts";
import type { Net } from "./net.ts";

/** One event as a source hands it on. Bytes may be a view: the pipeline copies what must wait, before `receive` returns. */
export interface ReceivedEvent {
  /** The provider's stream name; "" for a frame that does not parse. */
  readonly topic: string;
  /** The body, byte for byte as received. */
  readonly body: Uint8Array;
  readonly encoding: BodyEncoding;
  readonly origin: Origin;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
  /** Dedup identity; absent: the pipeline makes one (events of a provider without ids are never folded by id). */
  readonly id?: string | undefined;
  /** Ordering key where no rule gives one (the wire's own: conversation, agent or user id). */
  readonly key?: string | undefined;
  /** CloudEvents type; absent: the type of provider notifications. */
  readonly type?: string | undefined;
  readonly correlationId?: string | undefined;
}

/** The answer to one event given to `admit`. */
export type IntakeResult =
  | {
      readonly status: "admitted" | "coalesced";
      readonly id: string;
      readonly class: string;
      readonly key: string | undefined;
      readonly seq: number;
    }
  | {
      readonly status: "duplicate" | "full" | "too-large";
      readonly id: string;
      readonly class: string;
      readonly key: string | undefined;
    };

/** An interval in which events of these topics may have been missed; a source opens it and, when it knows the end, closes it. */
export interface GapReport {
  /** Topics, or patterns of topics. */
  readonly topics: readonly string[];
  /** One line: why. */
  readonly cause: string;
  /** Epoch milliseconds: the last moment at which all was surely well. */
  readonly from: number;
  /** Part of every start: recorded like any other, but nothing to warn of. @defaultValue `false` */
  readonly atStart?: boolean;
}

/** A gap that is open. */
export interface OpenGap {
  /** Epoch milliseconds: where the ledger lets it begin. Earlier than reported where the service was not running before. */
  readonly from: number;
  /**
   * The stream is whole again since `to` (epoch milliseconds). Idempotent.
   *
   * @param asking - the state that was missed is being asked for; `settle` will tell what came of it. Without it the outcome is
   * `unknowable`: the provider keeps nothing that this source could ask for.
   */
  end(to: number, asking?: "asking"): void;
  /**
   * What came of asking, by topics as the report named them. Of several findings about a topic the last counts; once every
   * topic has one, the gap has its outcome.
   */
  settle(findings: readonly GapFinding[]): void;
  /** The cause is known better now; one line. */
  explain(cause: string): void;
  /** Takes it back: gaps of the same source, which begin no later and name its topics more exactly, have taken its place. */
  withdraw(): void;
}

/** What a source is given at start. */
export interface SourceContext {
  readonly clock: Clock;
  readonly net: Net;
  readonly logger: Logger;
  /**
   * Takes one event, never throws. False: intake is behind, stop reading until `resume` is called
   * (what was read already may still be given; nothing is lost).
   */
  receive(event: ReceivedEvent): boolean;
  /** Takes a batch and answers when it is admitted (durably, where the store is durable). */
  admit(events: readonly ReceivedEvent[]): Promise<readonly IntakeResult[]>;
  /** Resolves when all that was received before is admitted (durably, where the store is durable); never where that does not come to pass. */
  settled(): Promise<void>;
  /**
   * Counts a frame that does not parse (it still goes to `receive`) and tells of it now and then.
   *
   * @param sample - its beginning, without secrets (`core/frame-sample.ts`)
   */
  malformed(reason: string, sample?: string): void;
  openGap(gap: GapReport): OpenGap;
}

/** One connection group of a source (a Genesys channel, a platform-websocket). */
export interface ConnectionStatus {
  /** Short name for people; never a URI. */
  readonly name: string;
  /** State in the provider's or our own words: `connecting`, `live`, `moving`, `waiting` … */
  readonly state: string;
  /** Epoch milliseconds. */
  readonly since: number;
  readonly topicCount: number;
  readonly reconnects: number;
  /** Last frame of any kind, epoch milliseconds. */
  readonly lastFrameAt: number | undefined;
  /**
   * Epoch milliseconds: until then the provider surely sent all that is subscribed, as it said when it was asked; where it can forget
   * that without a word. @defaultValue it can't
   */
  readonly wholeUntil?: number;
  /** Why it is not live, in one line. */
  readonly reason: string | undefined;
  /** Only signs of life come, for longer than is usual at this hour. @defaultValue `false` */
  readonly tooQuiet?: boolean;
  /** Where a successor delivers before the old socket goes. */
  readonly overlaps?: OverlapStatus;
}

/** Sums over connections that nobody needed any more. */
export interface RetiredConnections {
  readonly reconnects: number;
  readonly overlaps: Pick<OverlapStatus, "count" | "ms" | "folded">;
}

/** Times in which two sockets of one connection delivered at once, so that nothing is missed while it moves. */
export interface OverlapStatus {
  readonly count: number;
  /** All together, in milliseconds. */
  readonly ms: number;
  /** Events that both carried, handed on once. */
  readonly folded: number;
  /** Epoch milliseconds: one goes on since then. */
  readonly since: number | undefined;
}

/** A source for status pages, readiness and metrics. */
export interface SourceStatus {
  /** `live`: all connections stand; `degraded`: some; `waiting`: none, trying; `refused`: the provider says no (credentials, rights). */
  readonly state: "starting" | "live" | "degraded" | "waiting" | "refused" | "closed";
  readonly since: number;
  /** What is wrong and what to do, in one line. */
  readonly reason: string | undefined;
  readonly connections: readonly ConnectionStatus[];
  /** What connections had counted that are not there any more; with theirs, counters never fall. @defaultValue there were none */
  readonly retired?: RetiredConnections;
  /** Topics that the provider refused, with its reason. */
  readonly rejectedTopics: readonly {
    readonly topic: string;
    readonly reason: string;
    /** Permissions that the client lacks, where the provider names them. */
    readonly missingPermissions?: readonly string[];
  }[];
  /** Signs of others on the same client and channels, where the provider has such things. */
  readonly rivals?: RivalCounts;
  /** How many topics there are and how much room is left, where the provider has limits. */
  readonly headroom?: TopicHeadroom;
  /** What is asked for after gaps, where the source asks. */
  readonly reconciliation?: ReconciliationStatus;
}

/** How a source asks for the state that gaps hid. */
export interface ReconciliationStatus {
  /** Gaps that have ended, and are not settled yet. */
  readonly asking: number;
  /** Epoch milliseconds: when it began to ask for the last one; undefined: never. */
  readonly askedAt: number | undefined;
  /** States that were handed on, as events with the origin `reconciled`. */
  readonly handedOn: number;
  /** States that said nothing new. */
  readonly unchanged: number;
  /** Answers that were older than what live events had shown, so they were not handed on. */
  readonly behind: number;
  /** Questions that failed for good, or were refused. */
  readonly failed: number;
}

/** Signs that somebody else uses the same OAuth client, or a channel of ours; since the start. */
export interface RivalCounts {
  /** The provider dropped a channel before its end: more were made than a client may have. */
  readonly evictions: RivalCount;
  /** Another socket took a channel: ours was closed regularly twice within an hour, and the channel goes on. */
  readonly takeovers: RivalCount;
  /** Another channel took our topics over, says the provider. */
  readonly displacements: RivalCount;
}

/** How often, and when for the last time (epoch milliseconds). */
export interface RivalCount {
  readonly count: number;
  readonly lastAt: number | undefined;
}

/** What a source uses of its provider's limits, and what is left. */
export interface TopicHeadroom {
  /** Topics that the configuration stands for now. */
  readonly wanted: number;
  /** Of them those that have a place on a channel. */
  readonly planned: number;
  /** Those for which no channel has room. */
  readonly noRoom: number;
  /** Planned, and refused by the provider, mostly for a missing permission. */
  readonly rejected: number;
  /** How many rejected topics wait for each missing permission; "" where none was named. */
  readonly missingPermissions: Readonly<Record<string, number>>;
  readonly channels: {
    /** Channels that hold this source's topics. */
    readonly own: number;
    /** Others of the same client, counted at the last look; undefined where the provider did not say. */
    readonly others: number | undefined;
    readonly limit: number;
  };
  /** So many topics fit before one more channel is needed. */
  readonly topicsUntilNextChannel: number;
  /** So many fit before topics find no room, with the channels of others taken into account. */
  readonly topicsUntilLimit: number;
  /** Requests of the client's budget, shared by all sources that use it. */
  readonly requests: { readonly left: number; readonly allowed: number; readonly resetsInMs: number };
  /** Epoch milliseconds of the last complete look at people and queues. */
  readonly lookedUpAt: number | undefined;
}

/** The left edge of the line. */
export interface Source {
  /** Unique; shown in logs, metrics and the CloudEvents `source`. */
  readonly name: string;
  /** `genesys`, `platform-websocket`, `http`, … */
  readonly type: string;
  /** Whether the provider goes on without us while we wait; such a source is not held back by a filling work queue. */
  readonly live: boolean;
  /** Begins and returns at once; connecting, retrying and staying alive happen behind. */
  start(context: SourceContext): void;
  pause(): void;
  resume(): void;
  status(): SourceStatus;
  /** Stops taking and leaves the provider clean. Idempotent. */
  close(): Promise<void>;
}

/** A source that is given its events by a request (`POST /api/events`). */
export interface PushSource extends Source {
  /**
   * Reads one request body and admits what is in it, all or nothing where it is malformed.
   *
   * @param contentType - the media type without parameters, in lower case
   */
  push(body: Uint8Array, contentType: string): Promise<PushAnswer>;
}

/** The answer to one request body. */
export type PushAnswer =
  /** Nothing was admitted; the message says what was found, what is allowed, and where. */
  | { readonly kind: "malformed"; readonly message: string }
  | { readonly kind: "unsupported-media-type"; readonly message: string }
  /** One item, or their number, is beyond the source's limits; nothing was admitted. */
  | { readonly kind: "too-large"; readonly message: string }
  /** One result for each item, in the order given. */
  | { readonly kind: "items"; readonly results: readonly IntakeResult[] };
