/** P2 and P5 at the sinks: order and one at a time per key, and no second delivery without a reason. */
import type { HandOver, Truth } from "../truth.ts";
import { at, type Check } from "./facts.ts";

/** Leases are good for 30 s; a process that stood still longer may have lost some. */
const LEASE_MS = 20_000;

/**
 * P2: of one key in one sink, arrival numbers never go back, and no two are under way at once. One exception: a loss of power takes ends
 * that were not flushed, and these come again, though younger ones may have been handed over (ADR 5).
 */
export const orderPerKey: Check = ({ truth }) => {
  const wrong: string[] = [];
  const seen = new Map<string, number>();
  const settled = settledSince(truth);
  const last = new Map<string, HandOver>();
  for (const handOver of truth.handOvers) {
    const { sink, key, seq, mark, life } = handOver;
    if (key === undefined) continue;
    const name = nameOf(handOver);
    const lifeBefore = seen.get(name) ?? life;
    seen.set(name, life);
    const mayGoBack =
      lifeBefore !== life && truth.lives[lifeBefore]!.end?.how === "power" && !isForGood(settled, handOver);
    const lane = `${sink}/${key}`;
    const before = last.get(lane);
    last.set(lane, handOver);
    if (before === undefined) continue;
    if (seq < before.seq && !mayGoBack) {
      wrong.push(`P2 ${sink} got event ${mark} of ${key} at ${at(handOver.at)}, after a younger one (${before.mark})`);
    }
    const isOpen = before.life === life && (before.end === undefined || before.end.at > handOver.at);
    if (isOpen)
      wrong.push(`P2 ${sink} got event ${mark} of ${key} at ${at(handOver.at)} while ${before.mark} was open`);
  }
  return wrong;
};

/** P2 from end to end: of one topic and key, in the order in which the platform said them. */
export const orderFromEndToEnd: Check = ({ truth }) => {
  const places = new Map<number, number>();
  for (const [place, { mark }] of truth.emissions.entries()) if (!places.has(mark)) places.set(mark, place);
  const seen = new Set<string>();
  const last = new Map<string, HandOver>();
  const wrong: string[] = [];
  for (const handOver of truth.handOvers) {
    const { sink, topic, key, mark, origin } = handOver;
    if (origin !== "live" || seen.has(`${sink}/${mark}`)) continue;
    seen.add(`${sink}/${mark}`);
    const line = `${sink}/${topic}/${key}`;
    const before = last.get(line);
    last.set(line, handOver);
    if (before === undefined || (places.get(before.mark) ?? 0) <= (places.get(mark) ?? 0)) continue;
    wrong.push(
      `P2 ${sink} got event ${mark} at ${at(handOver.at)} after ${before.mark}, which the platform said later`,
    );
  }
  return wrong;
};

/** P5: each further delivery has a reason of its own: a failed attempt, the end of a process, or a lost lease. */
export const boundedDuplicates: Check = (facts) => {
  const { truth } = facts;
  const settled = settledSince(truth);
  return groups(truth.handOvers).flatMap((list) =>
    list.slice(1).flatMap((again, place) => {
      const before = list[place]!;
      if (mayComeAgain(before, again, truth, settled)) return [];
      const { sink, mark } = again;
      return [`P5 ${sink} got event ${mark} again at ${at(again.at)}, after ${before.end?.result} at ${at(before.at)}`];
    }),
  );
};

function mayComeAgain(before: HandOver, again: HandOver, truth: Truth, settled: ReadonlyMap<string, number>): boolean {
  const { end } = before;
  if (end?.result === "retry" || end?.result === "given up") return true;
  const { end: lifeEnd } = truth.lives[before.life]!;
  if (before.life !== again.life) return lifeEnd !== undefined && !isForGood(settled, again);
  const until = end?.at ?? again.at;
  return truth.stops.some(({ from, to }) => to - from >= LEASE_MS && from <= until && to >= before.at);
}

/** Since when the store says that it is settled, by sink and id. */
function settledSince(truth: Truth): ReadonlyMap<string, number> {
  return new Map(truth.settled.map((each) => [nameOf(each), each.at]));
}

function isForGood(settled: ReadonlyMap<string, number>, again: HandOver): boolean {
  return (settled.get(nameOf(again)) ?? Infinity) < again.at;
}

/** P11: the newest attempt decides. A late word of one that was superseded must not settle what the newest left open. */
export const lastWordCounts: Check = ({ truth, deadLetters, ledger }) => {
  const over = new Set([...deadLetters, ...ledger].map(({ sink, id }) => `${sink}/${id}`));
  if ((ledger[0]?.n ?? 1) > 1) return [];
  return groups(truth.handOvers).flatMap((list) => {
    const last = list.at(-1)!;
    const { sink, id, mark, end } = last;
    if (end?.result === "ack" || end?.result === "dead" || over.has(`${sink}/${id}`)) return [];
    return [
      `P11 event ${mark} never came again to ${sink}, though its newest attempt at ${at(last.at)} ended as ${end?.result}`,
    ];
  });
};

/** Q7: an attempt that a crash ended counts, where the event was on disk before the hand-over. */
export const attemptsCountOverCrashes: Check = ({ truth }) => {
  const admittedAt = new Map(truth.admissions.map(({ id, at }) => [id, at]));
  return groups(truth.handOvers).flatMap((list) =>
    list.slice(1).flatMap((again, place) => {
      const before = list[place]!;
      if (before.life === again.life || truth.lives[before.life]!.end?.how !== "crash") return [];
      const onDisk = (admittedAt.get(again.id) ?? Infinity) < before.at;
      if (!onDisk || again.attempt > before.attempt) return [];
      return [`Q7 attempt ${before.attempt} of event ${again.mark} in ${again.sink} was forgotten over a crash`];
    }),
  );
};

function nameOf({ sink, id }: { readonly sink: string; readonly id: string }): string {
  return `${sink}/${id}`;
}

/** Hand-overs of one event to one sink, in order. */
function groups(handOvers: readonly HandOver[]): HandOver[][] {
  const found = new Map<string, HandOver[]>();
  for (const handOver of handOvers) {
    const name = nameOf(handOver);
    const list = found.get(name);
    if (list === undefined) found.set(name, [handOver]);
    else list.push(handOver);
  }
  return [...found.values()].filter((list) => list.length > 1);
}
