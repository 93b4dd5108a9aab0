/** One simulation from its seed to its verdict. */
import type { Store } from "../../src/ports/store.ts";
import { boundedCalls, noReconnectWar } from "./checks/calls.ts";
import {
  attemptsCountOverCrashes,
  boundedDuplicates,
  lastWordCounts,
  orderFromEndToEnd,
  orderPerKey,
} from "./checks/deliveries.ts";
import type { Check, Facts } from "./checks/facts.ts";
import { gapsComeToAnEnd, gapsHaveCauses, missedCount, missedLiesInGaps } from "./checks/gaps.ts";
import { nothingAdmittedIsLost, onceForEachTime, whatCameIsAdmitted } from "./checks/loss.ts";
import { neverBackInTime, repairedIsRepaired } from "./checks/states.ts";
import { watchStalls } from "./checks/stalls.ts";
import { createChance } from "./chance.ts";
import { FAULTS } from "./fault-kinds.ts";
import { type Fault, planFaults } from "./faults.ts";
import { clear } from "./model/weather.ts";
import { EPOCH } from "./sim-process.ts";
import type { Truth } from "./truth.ts";
import { SINKS, World } from "./world.ts";

/** What to run. */
export interface RunOptions {
  readonly seed: number;
  /** Only these of the planned faults, by their places. @defaultValue all */
  readonly only?: readonly number[] | undefined;
  /** More faults, beside the planned ones. */
  readonly faults?: readonly Fault[] | undefined;
  /** Keeps the trace. */
  readonly lines?: boolean;
  /** In place of all checks, of tests of this. */
  readonly judge?: (truth: Truth) => readonly string[];
}

/** What came of it. */
export interface RunResult {
  readonly seed: number;
  readonly faults: readonly Fault[];
  /** What is wrong, one line each; [] when all is well. */
  readonly findings: readonly string[];
  /** Of the whole trace. */
  readonly hash: string;
  readonly virtualMs: number;
  readonly steps: number;
  readonly said: number;
  readonly missed: number;
  readonly handedOver: number;
  readonly lives: number;
  readonly lines: readonly string[];
  readonly judge: RunOptions["judge"];
}

const CHECKS: readonly Check[] = [
  nothingAdmittedIsLost,
  whatCameIsAdmitted,
  onceForEachTime,
  orderPerKey,
  orderFromEndToEnd,
  boundedDuplicates,
  attemptsCountOverCrashes,
  lastWordCounts,
  missedLiesInGaps,
  gapsHaveCauses,
  gapsComeToAnEnd,
  neverBackInTime,
  repairedIsRepaired,
  boundedCalls,
  noReconnectWar,
];
const MINUTE = 60_000;
const HOURS = [1, 1, 2, 6, 30];
/** Around a fault there is traffic, so that what it does is seen. */
const BUSY_BEFORE_MS = MINUTE;
const BUSY_AFTER_MS = 3 * MINUTE;
/** Traffic goes on for so long after the last fault; then all must come to rest. */
const HEALED_MS = 20 * MINUTE;
const REST_MS = 10 * MINUTE;
const MANY = 1_000_000;

/** How long the faults of a seed go on. */
export function troubledMs(seed: number): number {
  return createChance(seed).fork("length").pick(HOURS) * 60 * MINUTE;
}

/** Runs a seed. */
export async function simulate(options: RunOptions): Promise<RunResult> {
  const { seed, only, lines = false } = options;
  const until = troubledMs(seed);
  const planned = planFaults(seed, until).filter(({ place }) => only === undefined || only.includes(place));
  const faults = [...planned, ...(options.faults ?? [])];
  const world = new World(seed);
  const { timeline, truth } = world;
  if (lines) timeline.keepLines();
  const healAll = schedule(world, faults, until);
  world.traffic.start(busySpans(faults, until));
  watchStalls(world);
  await timeline.runUntil(until);
  healAll();
  await timeline.runUntil(until + HEALED_MS);
  world.traffic.stop();
  await timeline.runUntil(until + HEALED_MS + REST_MS);
  const kept = await lookAtTheEnd(world);
  await world.finish();
  const facts: Facts = { truth, faults, ...kept, endedAt: timeline.now };
  const findings = options.judge?.(truth) ?? [...truth.findings, ...CHECKS.flatMap((check) => check(facts))];
  return {
    seed,
    faults,
    findings,
    hash: timeline.hash,
    virtualMs: timeline.now,
    steps: timeline.steps,
    said: truth.emissions.length,
    missed: missedCount(facts),
    handedOver: truth.handOvers.length,
    lives: truth.lives.length,
    lines: timeline.lines,
    judge: options.judge,
  };
}

/** Where much goes on: around each fault, and for a while when all is over. */
function busySpans(faults: readonly Fault[], until: number): readonly { readonly from: number; readonly to: number }[] {
  const spans = [...faults, { at: until + BUSY_BEFORE_MS, lastsMs: 0 }].map(({ at, lastsMs }) => {
    return { from: at - BUSY_BEFORE_MS, to: at + Math.min(lastsMs, 5 * MINUTE) + BUSY_AFTER_MS };
  });
  return spans.toSorted((a, b) => a.from - b.from);
}

/** Lets the faults come and go; answers what ends them all. */
function schedule(world: World, faults: readonly Fault[], until: number): () => void {
  const { timeline } = world;
  const open = new Set<() => void>();
  for (const { kind, at, lastsMs, place } of faults) {
    timeline.at(at, () => {
      timeline.trace(`fault ${kind}`);
      const chance = createChance(place * 7_919 + Math.floor(at)).fork(kind);
      const end = FAULTS[kind].begin(world, chance, lastsMs);
      if (end === undefined) return;
      open.add(end);
      timeline.at(Math.min(at + lastsMs, until), () => {
        if (!open.delete(end)) return;
        timeline.trace(`end of ${kind}`);
        end();
      });
    });
  }
  return () => {
    for (const end of open) end();
    open.clear();
    clear(world.weather);
    Object.assign(world.disk.weather, { slowness: 1, trouble: undefined });
    Object.assign(world.traffic.busyness, { factor: 1, twice: 0.002 });
    for (const sink of SINKS) world.receivers.doing[sink] = "well";
    world.trap = undefined;
  };
}

/** Liveness, and what the store has to say for what it does not hold any more. */
async function lookAtTheEnd(world: World): Promise<Pick<Facts, "deadLetters" | "ledger">> {
  const { service, store, truth, timeline } = world;
  if (service === undefined || store === undefined) return { deadLetters: [], ledger: [] };
  const { ready, reasons } = service.readiness();
  if (!ready) truth.findings.push(`liveness: not ready long after the last fault: ${reasons.join("; ")}`);
  let kept: Pick<Facts, "deadLetters" | "ledger"> = { deadLetters: [], ledger: [] };
  void ask(service, store).then(({ waiting, ...rest }) => {
    kept = rest;
    if (waiting > 0) truth.findings.push(`liveness: ${waiting} events still wait long after the last fault`);
  });
  truth.gaps = service.gaps({ limit: MANY }).map(({ n, topics, cause, from, to, findings, state }) => {
    const outcomes = findings.flatMap((finding) => finding.topics.map((topic) => [topic, finding.outcome] as const));
    const isSettled = state !== "open" && state !== "asking";
    return {
      n,
      topics,
      cause,
      from: from - EPOCH,
      to: to === undefined ? undefined : to - EPOCH,
      outcomes: isSettled ? new Map(outcomes) : undefined,
    };
  });
  await timeline.runUntil(timeline.now + MINUTE);
  return kept;
}

async function ask(service: NonNullable<World["service"]>, store: Store) {
  const { sinks } = await service.status();
  const waiting = sinks.reduce((sum, { queue }) => sum + queue.waiting + queue.inFlight, 0);
  const deadLetters = await service.deadLetters({ limit: MANY });
  return { waiting, deadLetters, ledger: await store.ledger({ limit: MANY }) };
}
