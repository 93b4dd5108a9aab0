/**
 * Snapshots as texts, with each participant written once for as long as it does not change, and the divisions once for as long as nobody
 * joins: most of a snapshot was in the one before.
 *
 * K1. The text is what `JSON.stringify` makes of the snapshot (tested).
 * K2. Whoever changes a participant names it to {@link forgetTexts} before the next snapshot of its conversation.
 */
import type { Conversation, Participant } from "./conversation.ts";
import { divisions, genericParticipant, mediumHead, mediumParticipant } from "./snapshot.ts";

/** Forgets what was written of participants that have changed. */
export function forgetTexts(participants: readonly Participant[]): void {
  for (const participant of participants) {
    participant.genericText = undefined;
    participant.mediumText = undefined;
  }
}

/** Body of `v2.users.{id}.conversations` and `v2.routing.queues.{id}.conversations`. */
export function genericText(conversation: Conversation): string {
  let all = "";
  for (const one of conversation.participants) {
    one.genericText ??= JSON.stringify(genericParticipant(conversation, one));
    all = all === "" ? one.genericText : `${all},${one.genericText}`;
  }
  const head = `{"id":"${conversation.id}","maxParticipants":${conversation.participants.length}`;
  const tail = `"recentTransfers":[],"securePause":false,"divisions":${divisionsText(conversation)}`;
  return `${head},"participants":[${all}],${tail}}`;
}

/** Body of `….conversations.calls` and its siblings. */
export function mediumText(conversation: Conversation): string {
  let all = "";
  for (const one of conversation.participants) {
    one.mediumText ??= JSON.stringify(mediumParticipant(conversation, one));
    all = all === "" ? one.mediumText : `${all},${one.mediumText}`;
  }
  const rest = JSON.stringify(mediumHead(conversation)).slice(1, -1);
  return `{"id":"${conversation.id}","participants":[${all}],${rest},"divisions":${divisionsText(conversation)}}`;
}

/** They depend on who takes part, and nothing else. */
function divisionsText(conversation: Conversation): string {
  conversation.divisionsText ??= JSON.stringify(divisions(conversation));
  return conversation.divisionsText;
}
