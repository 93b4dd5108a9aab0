/** Events that are derived from snapshots of conversations: what each says, its names, and why an offer was missed. */
import type { MediaType } from "./lifecycle-snapshot.ts";

/** What happened to one leg of an agent. In this order they happen, and are told where one snapshot shows several. */
export type LifecycleType =
  | "ringing"
  | "consulted"
  | "answered"
  | "held"
  | "resumed"
  | "missed"
  | "transferred"
  | "ended"
  | "wrapup";

/** Where a leg stands, as far as is known. */
export type LegState = "dialing" | "ringing" | "connected" | "held" | "ended";

/** Why an offer was not answered. */
export type MissedBecause =
  | "no-answer"
  | "not-available"
  | "do-not-disturb"
  | "declined"
  | "abandoned"
  | "moved"
  | "withdrawn"
  | "failed"
  | "unknown";

/** How a leg was handed on. */
export type TransferKind = "transfer" | "consult" | "conference" | "forward";

/** One thing that happened. Members that have nothing to say are left out. */
export interface LifecycleEvent {
  /** Equal wherever and however often the same thing is derived. */
  readonly id: string;
  readonly type: LifecycleType;
  readonly conversationId: string;
  /** The agent's participant: a second offer to the same agent is a participant of its own. */
  readonly participantId: string;
  readonly userId?: string | undefined;
  readonly queueId?: string | undefined;
  readonly mediaType: MediaType;
  /** Where a topic of the generic shape told it. */
  readonly communicationId?: string | undefined;
  /** When, epoch milliseconds. */
  readonly at: number;
  /** `at` is the provider's own time; otherwise the arrival of what showed it, or a bound by what came after it. */
  readonly exact: boolean;
  /** It is no longer so (the leg is further already), or happened longer ago than `lateAfterMs`. */
  readonly late: boolean;
  /** Where the leg stands at the telling: who shows a ringing call wants `ringing` here. */
  readonly legState: LegState;
  /** `ringing`: until then it has to be answered, epoch milliseconds. */
  readonly deadlineAt?: number | undefined;
  /** `missed`, `transferred`, `ended`: the provider's word. */
  readonly disconnectType?: string | undefined;
  readonly missedBecause?: MissedBecause | undefined;
  readonly transferKind?: TransferKind | undefined;
  /** `ended`: whether both sides were ever connected. */
  readonly answered?: boolean | undefined;
  /** `held` and `resumed`: which hold. */
  readonly holdStartedAt?: number | undefined;
  /** `consulted`: the participant it is about. */
  readonly consultParticipantId?: string | undefined;
  readonly wrapupCode?: string | undefined;
  readonly wrapupSeconds?: number | undefined;
}

/** The CloudEvents type of a derived event. */
export function lifecycleCloudEventType(type: LifecycleType): string {
  return `cloud.genesys.conversation.${type}.v1`;
}

/** The topic of a derived event: what rules match. */
export function lifecycleTopic(type: LifecycleType): string {
  return `ringfirst.conversation.${type}`;
}

/** Only `transfer.noanswer` is known for sure (docs/protocol.md, 10.2); the others are read as their names say. */
const MISSED_BECAUSE: ReadonlyMap<string, MissedBecause> = new Map([
  ["transfer.noanswer", "no-answer"],
  ["timeout", "no-answer"],
  ["transfer.notavailable", "not-available"],
  ["transfer.dnd", "do-not-disturb"],
  ["endpoint.dnd", "do-not-disturb"],
  ["client", "declined"],
  ["endpoint", "declined"],
  ["peer", "abandoned"],
  ["transfer", "moved"],
  ["transfer.conference", "moved"],
  ["transfer.consult", "moved"],
  ["transfer.forward", "moved"],
  ["takeover", "moved"],
  ["system", "withdrawn"],
  ["inactivity", "withdrawn"],
  ["session.expired", "withdrawn"],
  ["error", "failed"],
  ["transport.failure", "failed"],
  ["uncallable", "failed"],
]);

/** Why an offer that ended with this `disconnectType` was missed. */
export function missedBecause(disconnectType: string | undefined): MissedBecause {
  return MISSED_BECAUSE.get(disconnectType ?? "") ?? "unknown";
}

const TRANSFERS: ReadonlyMap<string, TransferKind> = new Map([
  ["transfer", "transfer"],
  ["transfer.consult", "consult"],
  ["transfer.conference", "conference"],
  ["transfer.forward", "forward"],
]);

/** How a leg that ended with this `disconnectType` was handed on; undefined where it was not. */
export function transferKind(disconnectType: string | undefined): TransferKind | undefined {
  return TRANSFERS.get(disconnectType ?? "");
}
