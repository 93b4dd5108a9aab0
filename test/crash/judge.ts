/**
 * The judge of a history (`history.ts`): pure, knows nothing of the store, and says each breach of a promise in one line.
 *
 *  J1 No acknowledged loss (P1): what `admit` answered for is delivered and acknowledged, a dead letter, or in the ledger;
 *     an offer that was never answered may be there or not.
 *  J2 Order per key (P2): per sink the seqs of one key never go back, and no two of one key are out at once.
 *  J3 Bounded duplicates (P5): each delivery after the first has a cause of its own: the one before it failed, or the process
 *     ended meanwhile; none comes after an end that the store took. Attempt numbers count failures and ends of the process,
 *     no more: each may add one at most, since a claim can be on disk before the handler has it.
 *  J4 Ids are remembered (Q11), tokens and seqs are never given twice (Q6), payloads arrive as they were.
 */
import type { FinalSink, HistoryLine } from "./history.ts";

/** What the judge must know of the configuration. */
export interface JudgeOptions {
  readonly maxAttempts: number;
}

type Handed = Extract<HistoryLine, { readonly e: "handed" }>;

/** One delivery as it was seen. */
interface Sighting {
  readonly handed: Handed;
  /** The life in which it was handed over, and how many had been ended by force before. */
  readonly life: number;
  readonly kills: number;
  /** Handed over before its admission was answered: the claim may have been lost with the process. */
  readonly early: boolean;
  ended: "ack" | "retry" | "dead" | undefined;
  settled: boolean;
}

/** What is known of one id in one sink. */
interface Fate {
  readonly sink: string;
  readonly id: string;
  readonly key: string | null;
  /** How many lives had been ended by force when it was first offered. */
  readonly kills: number;
  promised: boolean;
  seq: number | undefined;
  sightings: Sighting[];
}

/** All breaches in a history, in the order in which they show; empty: every promise was kept. */
export function judge(history: readonly HistoryLine[], options: JudgeOptions): string[] {
  const court = new Court(options);
  for (const line of history) court.hear(line);
  return court.breaches;
}

class Court {
  readonly breaches: string[] = [];
  readonly #options: JudgeOptions;
  /** By sink and id. */
  readonly #fates = new Map<string, Fate>();
  /** By token: every delivery. */
  readonly #byToken = new Map<number, Sighting>();
  /** By sink and key: the latest delivery. */
  readonly #lanes = new Map<string, Sighting>();
  readonly #idBySeq = new Map<number, string>();
  readonly #offers = new Map<string, readonly string[]>();
  readonly #remembered = new Set<string>();
  #highestAnswered = 0;
  #life = 0;
  #kills = 0;

  constructor(options: JudgeOptions) {
    this.#options = options;
  }

  hear(line: HistoryLine): void {
    switch (line.e) {
      case "opened":
        this.#life += 1;
        return;
      case "killed":
        this.#kills += 1;
        return;
      case "offered":
        for (const item of line.items) this.#offered(item);
        return;
      case "answered":
        for (const item of line.items) this.#answered(item);
        return;
      case "handed":
        this.#handed(line);
        return;
      case "ended":
        this.#ended(line.token, line.result);
        return;
      case "settled":
        this.#settled(line.token);
        return;
      case "stale":
        this.#breach("P5", `the lease ${line.token} of ${line.sink} was over before its delivery, without cause`);
        return;
      case "fenced":
        if (line.taken > 0) this.#breach("Q6", `${line.taken} tokens of earlier lives were taken for good`);
        return;
      case "final":
        for (const [sink, state] of Object.entries(line.sinks)) this.#final(sink, state, line.ledger);
        return;
      case "reached":
      case "closed":
        return;
    }
  }

  #breach(promise: string, text: string): void {
    this.breaches.push(`${promise}: ${text}`);
  }

  #offered(item: { readonly id: string; readonly key: string | null; readonly sinks: readonly string[] }): void {
    this.#offers.set(item.id, item.sinks);
    for (const sink of item.sinks) {
      const name = nameOf(sink, item.id);
      if (this.#fates.has(name)) continue;
      const { id, key } = item;
      this.#fates.set(name, { sink, id, key, kills: this.#kills, promised: false, seq: undefined, sightings: [] });
    }
  }

  #answered(item: Extract<HistoryLine, { readonly e: "answered" }>["items"][number]): void {
    const { id, status, seq } = item;
    const sinks = this.#offers.get(id);
    if (sinks === undefined) {
      this.#breach("P1", `${id} was answered ${status} and had not been offered`);
      return;
    }
    if (status === "full" || status === "too-large") return;
    if (status === "duplicate") {
      this.#promise(id, sinks, undefined);
    } else {
      if (this.#remembered.has(id)) this.#breach("Q11", `${id} was taken a second time, as seq ${seq}`);
      if (seq !== undefined) this.#given(id, seq);
      this.#promise(id, sinks.filter((sink) => item.refusedBy?.includes(sink) !== true), seq); // prettier-ignore
    }
    this.#remembered.add(id);
  }

  #given(id: string, seq: number): void {
    if (seq <= this.#highestAnswered) this.#breach("Q6", `seq ${seq} of ${id} came after ${this.#highestAnswered}`);
    this.#highestAnswered = Math.max(this.#highestAnswered, seq);
  }

  #promise(id: string, sinks: readonly string[], seq: number | undefined): void {
    for (const sink of sinks) {
      const fate = this.#fates.get(nameOf(sink, id));
      if (fate === undefined) continue;
      // An offer that was lost unanswered, after a handler had seen it, and was made again: it begins anew.
      if (seq !== undefined && fate.seq !== undefined && fate.seq !== seq) fate.sightings = [];
      fate.promised = true;
      fate.seq = seq ?? fate.seq;
    }
  }

  #handed(handed: Handed): void {
    const { sink, id, seq, token } = handed;
    const fate = this.#fates.get(nameOf(sink, id));
    if (fate === undefined) {
      this.#breach("P1", `${sink} was handed ${id}, which nobody had offered to it`);
      return;
    }
    const early = !fate.promised;
    const sighting: Sighting = {
      handed,
      life: this.#life,
      kills: this.#kills,
      early,
      ended: undefined,
      settled: false,
    };
    if (this.#byToken.has(token)) this.#breach("Q6", `token ${token} was given twice, now for ${id}`);
    this.#byToken.set(token, sighting);
    if (!handed.intact) this.#breach("P1", `the payload of ${id} is not what was admitted`);
    if (handed.key !== fate.key)
      this.#breach("P2", `${id} was admitted for key ${fate.key}, handed over with ${handed.key}`);
    this.#checkSeq(fate, seq);
    this.#checkLane(sighting);
    this.#checkRepeat(fate, sighting);
    fate.sightings.push(sighting);
  }

  #checkSeq(fate: Fate, seq: number): void {
    const { id } = fate;
    const owner = this.#idBySeq.get(seq) ?? id;
    if (owner !== id) this.#breach("Q6", `seq ${seq} was given to ${owner} and to ${id}`);
    this.#idBySeq.set(seq, id);
    if (fate.seq === seq || fate.seq === undefined) fate.seq = seq;
    else if (fate.promised) this.#breach("Q6", `${id} had seq ${fate.seq} and has ${seq} now`);
    else {
      fate.seq = seq;
      fate.sightings = [];
    }
  }

  /** J2. */
  #checkLane(sighting: Sighting): void {
    const { sink, key, seq, id } = sighting.handed;
    if (key === null) return;
    const name = nameOf(sink, key);
    const last = this.#lanes.get(name);
    if (last !== undefined) {
      const before = last.handed;
      if (last.ended === undefined && last.life === this.#life) {
        this.#breach("P2", `${id} (seq ${seq}) of key ${key} in ${sink} while ${before.id} (seq ${before.seq}) is out`);
      }
      if (seq < before.seq && sighting.handed.redriven === 0) {
        this.#breach("P2", `${id} (seq ${seq}) of key ${key} in ${sink} after ${before.id} (seq ${before.seq})`);
      }
    }
    // A redriven one goes back by seq; what follows it is measured against the furthest that was seen.
    if (last === undefined || seq >= last.handed.seq) this.#lanes.set(name, sighting);
  }

  /** J3. */
  #checkRepeat(fate: Fate, sighting: Sighting): void {
    const { id, attempt, sink } = sighting.handed;
    const { maxAttempts } = this.#options;
    const before = fate.sightings.at(-1);
    const ended = this.#kills - (before?.kills ?? fate.kills);
    const [least, furthest] = before === undefined ? [1, 1 + ended] : this.#attemptAfter(before, ended);
    const most = Math.min(furthest, maxAttempts);
    if (attempt < least || attempt > most) {
      const allowed = least >= most ? `${most}` : `${least} to ${most}`;
      this.#breach("P5", `${id} in ${sink} is attempt ${attempt}, expected ${allowed}`);
    }
    if (before === undefined) return;
    const sameLife = before.life === this.#life;
    if (before.settled && before.ended !== "retry") {
      this.#breach("P5", `${id} came to ${sink} again after the store had taken its end (${before.ended})`);
    } else if (sameLife && before.ended !== "retry") {
      this.#breach("P5", `${id} came to ${sink} again without cause (${before.ended ?? "still out"})`);
    }
  }

  /** The least and the most that the attempt after this one may be, with so many ends by force between them. */
  #attemptAfter(
    { handed: { attempt }, ended: how, settled, early }: Sighting,
    kills: number,
  ): readonly [number, number] {
    const failures = how === "retry" ? 1 : 0;
    // An end that the store took is counted; one that it did not take was counted, or the end of the process was.
    const counted = settled ? failures : kills > 0 && !early ? 1 : 0;
    return [attempt + counted, attempt + failures + kills];
  }

  #ended(token: number, result: "ack" | "retry" | "dead"): void {
    const sighting = this.#byToken.get(token);
    if (sighting !== undefined) sighting.ended = result;
  }

  #settled(token: number): void {
    const sighting = this.#byToken.get(token);
    if (sighting !== undefined) sighting.settled = true;
  }

  /** J1, when all is done. */
  #final(sink: string, state: FinalSink, ledger: readonly { sink: string; reason: string; id: string }[]): void {
    if (state.waiting + state.inFlight > 0) {
      this.#breach("P1", `${sink} has ${state.waiting} waiting and ${state.inFlight} in flight at the end`);
    }
    const dead = new Map(state.dead.map((letter) => [letter.id, letter]));
    const lines = new Set(ledger.filter((line) => line.sink === sink && line.reason !== "refused").map(({ id }) => id));
    const fates = [...this.#fates.values()].filter((fate) => fate.sink === sink);
    for (const fate of fates) this.#checkEnd(fate, dead.get(fate.id), lines.has(fate.id));
    const promised = fates.filter((fate) => fate.promised).length;
    const acked = fates.filter((fate) => fate.sightings.some((one) => one.settled && one.ended === "ack")).length;
    if (state.admitted < promised) {
      this.#breach("Q14", `${sink} counts ${state.admitted} admitted, ${promised} were answered`);
    }
    if (state.acked < acked) this.#breach("Q14", `${sink} counts ${state.acked} acknowledged, ${acked} were answered`);
  }

  #checkEnd(fate: Fate, letter: FinalSink["dead"][number] | undefined, inLedger: boolean): void {
    const { sink, id, sightings } = fate;
    const last = sightings.at(-1);
    const delivered = last?.ended === "ack";
    if (fate.promised && !delivered && letter === undefined && !inLedger) {
      const seen = last === undefined ? "never delivered" : `last seen as attempt ${last.handed.attempt}`;
      this.#breach("P1", `${id} in ${sink} was admitted and is lost (${seen})`);
    }
    if (letter === undefined) return;
    if (delivered && last.settled) this.#breach("P5", `${id} in ${sink} was acknowledged and is a dead letter`);
    const given = last?.ended === "dead" || letter.attempts >= this.#options.maxAttempts;
    if (!given) this.#breach("P5", `${id} in ${sink} was given up after ${letter.attempts} attempts`);
  }
}

function nameOf(sink: string, what: string): string {
  return `${sink}\n${what}`;
}
