/**
 * What goes wrong, and when. A plan is drawn from the seed: kinds by weight, some in bursts; each run leaves out a random half
 * of the kinds ("swarm"), so that rare combinations come up. A part of a plan can be run for itself, which makes it small.
 */
import { type Chance, createChance } from "./chance.ts";
import { FAULTS, type FaultKind } from "./fault-kinds.ts";

/** One fault of a plan. */
export interface Fault {
  /** Its place in the plan. */
  readonly place: number;
  readonly kind: FaultKind;
  readonly at: number;
  readonly lastsMs: number;
}

const MINUTE = 60_000;
/** From here on a run is a long one, for what happens once a day; it is quiet for most of it. */
const LONG_MS = 20 * 60 * MINUTE;
/** Quiet time at the beginning of a run. */
const FIRST_AT = 3 * MINUTE;

/** The plan of a seed, until then. */
export function planFaults(seed: number, until: number): readonly Fault[] {
  const chance = createChance(seed).fork("faults");
  const kinds = (Object.keys(FAULTS) as FaultKind[]).filter((kind) => FAULTS[kind].weight > 0 && chance.hits(0.5));
  // Some runs have no faults at all: there every gap is one too many.
  const everyMs = chance.pick(
    until > LONG_MS ? [40 * MINUTE, 120 * MINUTE] : [Infinity, 2 * MINUTE, 6 * MINUTE, 15 * MINUTE],
  );
  if (kinds.length === 0 || everyMs === Infinity) return [];
  const faults: Fault[] = [];
  let at = FIRST_AT;
  while (at < until) {
    const burst = chance.hits(0.15) ? 1 + chance.below(4) : 1;
    for (let left = burst; left > 0 && at < until; left -= 1) {
      faults.push(draw(chance, kinds, faults.length, at));
      at += chance.between(0, 3_000);
    }
    at += -Math.log(1 - chance.next()) * everyMs;
  }
  return faults;
}

function draw(chance: Chance, kinds: readonly FaultKind[], place: number, at: number): Fault {
  const total = kinds.reduce((sum, kind) => sum + FAULTS[kind].weight, 0);
  let left = chance.next() * total;
  const kind = kinds.find((each) => (left -= FAULTS[each].weight) < 0) ?? kinds[0]!;
  const [shortest, longest] = FAULTS[kind].lastsMs;
  // Short ones are as likely as long ones.
  const lastsMs = longest === 0 ? 0 : shortest * (longest / shortest) ** chance.next();
  return { place, kind, at, lastsMs };
}

/** For people. */
export function faultLine({ place, kind, at, lastsMs }: Fault): string {
  const lasts = lastsMs === 0 ? "" : ` for ${(lastsMs / 1_000).toFixed(1)} s`;
  return `#${place} at ${(at / 1_000).toFixed(1)} s: ${kind}${lasts}`;
}
