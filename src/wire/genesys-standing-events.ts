/** How users and queues stand: presence, routing status, activity, statistics. */
import type { IdRef, IsoTime } from "./genesys-event-parts.ts";

/** A user's presence. */
export interface UserPresence {
  readonly source?: string;
  readonly presenceDefinition?: OrganizationPresence;
  readonly primary?: boolean;
  readonly message?: string;
  readonly modifiedDate?: IsoTime;
  readonly futurePresenceDefinition?: OrganizationPresence;
}

/** A presence of the organisation: its id, and the system's own it belongs to (`AVAILABLE`, `BUSY`, `MEAL` …). */
export interface OrganizationPresence {
  readonly id?: string;
  readonly systemPresence?: string;
}

/** A user's routing status: whether an agent is offered conversations. */
export interface UserRoutingStatus {
  readonly id?: string;
  readonly routingStatus?: ActivityRoutingStatus;
  readonly errorInfo?: RoutingStatusError;
}

/** Whether an agent is offered conversations. */
export interface ActivityRoutingStatus {
  readonly status?: "OFF_QUEUE" | "IDLE" | "INTERACTING" | "NOT_RESPONDING" | "COMMUNICATING";
  readonly startTime?: IsoTime;
}

/** Why a routing status could not be had. */
export interface RoutingStatusError {
  readonly errorCode?: string;
  readonly status?: number;
  readonly correlationId?: string;
  readonly userMessage?: string;
  readonly userParamsMessage?: string;
  readonly userParams?: readonly RoutingStatusErrorParam[];
}

/** A value in the text of such an error. */
export interface RoutingStatusErrorParam {
  readonly key?: string;
  readonly value?: string;
  readonly additionalProperties?: { readonly [name: string]: unknown };
}

/** Routing status, presence and out-of-office of a user in one event. */
export interface UserActivity {
  readonly id?: string;
  readonly routingStatus?: ActivityRoutingStatus;
  readonly presence?: ActivityPresence;
  readonly outOfOffice?: ActivityOutOfOffice;
  readonly activeQueueIds?: readonly string[];
  readonly dateActiveQueuesChanged?: IsoTime;
}

/** The presence in an activity event. */
export interface ActivityPresence {
  readonly presenceDefinition?: OrganizationPresence;
  readonly presenceMessage?: string;
  readonly modifiedDate?: IsoTime;
}

/** Whether a user is out of the office. */
export interface ActivityOutOfOffice {
  readonly active?: boolean;
  readonly modifiedDate?: IsoTime;
}

/** A user is out of the office, or back. */
export interface UserOutOfOffice {
  readonly user?: IdRef;
  readonly active?: boolean;
  readonly indefinite?: boolean;
  readonly startDate?: IsoTime;
  readonly endDate?: IsoTime;
}

/** The telephone of a user changed. */
export interface UserStations {
  readonly associatedStation?: UserStation;
}

/** A telephone. */
export interface UserStation {
  readonly id?: string;
  readonly name?: string;
  readonly associatedUser?: IdRef;
}

/** How many conversations a user has, by medium. */
export interface UserConversationSummary {
  readonly userId?: string;
  readonly call?: MediaSummary;
  readonly callback?: MediaSummary;
  readonly email?: MediaSummary;
  readonly message?: MediaSummary;
  readonly chat?: MediaSummary;
  readonly socialExpression?: MediaSummary;
  readonly video?: MediaSummary;
}

/** A user's conversations of one medium. */
export interface MediaSummary {
  readonly contactCenter?: MediaSummaryDetail;
  readonly enterprise?: MediaSummaryDetail;
}

/** How many are active, and how many in after-call work. */
export interface MediaSummaryDetail {
  readonly active?: number;
  readonly acw?: number;
}

/** Statistics of a queue, or of a user: sent on change, in intervals of 30 minutes. */
export interface QueueObservations {
  readonly group?: { readonly [name: string]: string };
  readonly data?: readonly QueueInterval[];
}

/** Numbers of an interval. */
export interface QueueInterval {
  readonly interval?: string;
  readonly metrics?: readonly QueueMetric[];
}

/** One number: its keys depend on the metric. */
export interface QueueMetric {
  readonly metric?: string;
  readonly qualifier?: string;
  readonly stats?: { readonly [name: string]: number };
}

/** Who waits, who is rung, who talks in a queue now. */
export interface QueueActivity {
  readonly results?: readonly QueueActivityGroup[];
}

/** Counts of one medium. */
export interface QueueActivityGroup {
  readonly mediaType?: string;
  readonly data?: readonly QueueActivityCount[];
}

/** One count of a queue now. */
export interface QueueActivityCount {
  readonly metric?: "oAlerting" | "oInteracting" | "oWaiting" | "oFlow" | "oLongestWaiting" | "oLongestInteracting";
  readonly count?: number;
  readonly calculatedMetricValue?: number;
}

/** A user joined a queue or left it. */
export interface QueueMember {
  readonly id?: string;
  readonly user?: IdRef;
  readonly queueId?: string;
  readonly joined?: boolean;
  readonly additionalProperties?: { readonly [name: string]: unknown };
}
