/**
 * P1, no acknowledged loss: what the store said it has admitted was acknowledged by the sink, is a dead letter, or has a line
 * in the ledger. And what came out of a socket was admitted, unless the process ended right after.
 */
import { type Admission, type Receipt } from "../truth.ts";
import { at, type Check, type Facts, heldUp, within } from "./facts.ts";

/** Something that came shortly before an end may go with it. */
const SHORTLY_MS = 2_000;

/** P1, from the store's answer on. */
export const nothingAdmittedIsLost: Check = ({ truth, deadLetters, ledger }) => {
  const over = new Set<string>();
  for (const { sink, id, end } of truth.handOvers) if (end?.result === "ack") over.add(`${sink}/${id}`);
  for (const { sink, id } of deadLetters) over.add(`${sink}/${id}`);
  for (const { sink, id } of ledger) over.add(`${sink}/${id}`);
  // The ledger is bounded: what it had to drop can't be held against the store.
  if ((ledger[0]?.n ?? 1) > 1) return [];
  const lost = (admission: Admission): string[] =>
    admission.sinks
      .filter((sink) => !over.has(`${sink}/${admission.id}`))
      .map(
        (sink) => `P1 event ${admission.mark} was ${admission.status} at ${at(admission.at)} and ${sink} never had it`,
      );
  return truth.admissions
    .filter(({ status }) => status === "admitted" || status === "coalesced")
    .flatMap((admission) => lost(admission));
};

/** P1, from the socket to the store. */
export const whatCameIsAdmitted: Check = (facts) => {
  const { truth } = facts;
  const admitted = new Set(truth.admissions.filter(({ origin }) => origin === "live").map(({ mark }) => mark));
  const spans = heldUp(facts);
  const mayBeLost = ({ at, life }: Receipt): boolean => {
    const { end } = truth.lives[life]!;
    if (end === undefined) return false;
    if (at >= end.at - SHORTLY_MS) return true;
    return within(end.at, spans);
  };
  const missing: string[] = [];
  for (const [mark, receipts] of truth.receipts) {
    if (admitted.has(mark) || receipts.every(mayBeLost)) continue;
    const times = receipts.map((receipt) => at(receipt.at)).join(", ");
    missing.push(`P1 event ${mark} came at ${times} and was never admitted`);
  }
  return missing;
};

/** P5 at the door: an event is admitted as often as the platform said it, however many sockets carried it. */
export const onceForEachTime: Check = ({ truth }: Facts) => {
  const said = count(truth.emissions.map(({ mark }) => mark));
  const taken = count(
    truth.admissions
      .filter(({ status, origin }) => status !== "duplicate" && origin === "live")
      .map(({ mark }) => mark),
  );
  return [...taken].flatMap(([mark, times]) => {
    const limit = said.get(mark) ?? 0;
    if (mark < 0 || times <= limit) return [];
    const where = truth.admissions
      .filter((one) => one.mark === mark && one.origin === "live")
      .map((admission) => at(admission.at));
    return [`P5 event ${mark} was said ${limit} times and admitted ${times} times (${where.join(", ")})`];
  });
};

function count(marks: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const mark of marks) counts.set(mark, (counts.get(mark) ?? 0) + 1);
  return counts;
}
