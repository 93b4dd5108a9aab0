/** The checks, by truths written by hand: one that is good, and for each check some that break it. A check that can't fail proves nothing. */
import { describe, expect, test } from "vitest";
import { boundedCalls, noReconnectWar } from "./checks/calls.ts";
import {
  attemptsCountOverCrashes,
  boundedDuplicates,
  lastWordCounts,
  orderFromEndToEnd,
  orderPerKey,
} from "./checks/deliveries.ts";
import type { Check, Facts } from "./checks/facts.ts";
import { gapsComeToAnEnd, gapsHaveCauses, missedLiesInGaps } from "./checks/gaps.ts";
import { nothingAdmittedIsLost, onceForEachTime, whatCameIsAdmitted } from "./checks/loss.ts";
import { StallWatch, TwinWatch } from "./checks/stalls.ts";
import { neverBackInTime, repairedIsRepaired } from "./checks/states.ts";
import { type Admission, createTruth, type DeclaredGap, type Emission, type HandOver, type Truth } from "./truth.ts";

const TOPIC = "v2.users.user-1.presence";
const KEY = "user-1";

const emission = (mark: number, at: number, more: Partial<Emission> = {}): Emission => ({
  mark,
  topic: TOPIC,
  key: KEY,
  at,
  sockets: [1],
  ...more,
});
const admission = (mark: number, at: number, more: Partial<Admission> = {}): Admission => ({
  id: `e${mark}`,
  mark,
  key: KEY,
  topic: TOPIC,
  origin: "live",
  sinks: ["crm"],
  at,
  life: 0,
  status: "admitted",
  ...more,
});
const handOver = (mark: number, at: number, more: Partial<HandOver> = {}): HandOver => ({
  sink: "crm",
  id: `e${mark}`,
  mark,
  topic: TOPIC,
  key: KEY,
  seq: mark,
  attempt: 1,
  at,
  life: 0,
  origin: "live",
  end: {
    at: at + 10,
    result: "ack",
  },
  ...more,
});
const gap = (from: number, to: number | undefined, more: Partial<DeclaredGap> = {}): DeclaredGap => ({
  n: 1,
  topics: [TOPIC],
  cause: "the socket was closed (1006)",
  from,
  to,
  outcomes: to === undefined ? undefined : new Map([[TOPIC, "repaired"]]),
  ...more,
});

/** Two events: one that came and was delivered, and one that was missed in a gap; its state came afterwards. */
function good(): Facts {
  const truth: Truth = {
    ...createTruth(),
    emissions: [emission(1, 1_000), emission(2, 100_000)],
    receipts: new Map([[1, [{ at: 1_050, life: 0, socket: 1 }]]]),
    admissions: [admission(1, 1_060), admission(2, 131_000, { origin: "reconciled" })],
    handOvers: [handOver(1, 1_070), handOver(2, 131_010, { origin: "reconciled" })],
    gaps: [gap(99_000, 130_000)],
    lives: [{ startedAt: 0, runningAt: 10, end: undefined, blindFrom: undefined }],
    calls: [{ at: 5, kind: "token", what: "POST /oauth/token" }],
    longestWayMs: 80,
  };
  const faults = [{ place: 0, kind: "sockets cut", at: 99_500, lastsMs: 0 }] as const;
  return { truth, faults, deadLetters: [], ledger: [], endedAt: 1_000_000 };
}

const broken = (change: Partial<Truth>): Facts => ({ ...good(), truth: { ...good().truth, ...change } });

const ALL: Readonly<Record<string, Check>> = {
  boundedCalls,
  noReconnectWar,
  attemptsCountOverCrashes,
  boundedDuplicates,
  lastWordCounts,
  orderFromEndToEnd,
  orderPerKey,
  gapsComeToAnEnd,
  gapsHaveCauses,
  missedLiesInGaps,
  nothingAdmittedIsLost,
  onceForEachTime,
  whatCameIsAdmitted,
  neverBackInTime,
  repairedIsRepaired,
};

test.each(Object.entries(ALL))("%s has nothing to say of a good run", (_, check) => {
  expect(check(good())).toEqual([]);
});

const endedAt = (at: number, how: "crash" | "power"): Truth["lives"] => [
  { startedAt: 0, runningAt: 10, end: { at, how }, blindFrom: at },
  { startedAt: at + 1_000, runningAt: at + 1_100, end: undefined, blindFrom: undefined },
];
const crashedAt = (at: number): Truth["lives"] => endedAt(at, "crash");

test("P2 and P5: what a loss of power took may come again behind a younger one", () => {
  const handOvers = [handOver(1, 1_000), handOver(2, 1_500), handOver(1, 5_000, { life: 1, attempt: 2 })];
  const facts = broken({ handOvers, lives: endedAt(2_000, "power") });
  expect([...orderPerKey(facts), ...boundedDuplicates(facts)]).toEqual([]);
});

describe.each<[what: string, check: Check, change: Partial<Truth>, says: RegExp]>([
  [
    "P1: an admitted event that no sink had",
    nothingAdmittedIsLost,
    { handOvers: [handOver(1, 1_070)] },
    /^P1 event 2 .*crm never had it/u,
  ],
  [
    "P1: an admitted event whose only delivery failed",
    nothingAdmittedIsLost,
    { handOvers: [handOver(1, 1_070, { end: { at: 1_080, result: "retry" } }), handOver(2, 131_010)] },
    /^P1 event 1 /u,
  ],
  ["P1: what came out of a socket and was never admitted", whatCameIsAdmitted, { admissions: [] }, /^P1 event 1 came/u],
  [
    "P1: a state that was asked for does not stand for what came",
    whatCameIsAdmitted,
    { admissions: [admission(1, 1_060, { origin: "reconciled" })] },
    /^P1 event 1 came/u,
  ],
  [
    "P2: an older event after a younger one",
    orderPerKey,
    { handOvers: [handOver(2, 1_000), handOver(1, 2_000)] },
    /^P2 crm got event 1 .*after a younger one/u,
  ],
  [
    "P2: an older event again after a younger one, over a crash without loss of power",
    orderPerKey,
    {
      handOvers: [handOver(1, 1_000), handOver(2, 1_500), handOver(1, 5_000, { life: 1, attempt: 2 })],
      lives: crashedAt(2_000),
    },
    /^P2 crm got event 1 .*after a younger one/u,
  ],
  [
    "P2: an older event again after a younger one, over a loss of power that its end was to survive",
    orderPerKey,
    {
      handOvers: [handOver(1, 1_000), handOver(2, 1_500), handOver(1, 5_000, { life: 1, attempt: 2 })],
      lives: endedAt(2_000, "power"),
      settled: [{ sink: "crm", id: "e1", at: 1_020 }],
    },
    /^P2 crm got event 1 .*after a younger one/u,
  ],
  [
    "P2: two events of one key under way at once",
    orderPerKey,
    { handOvers: [handOver(1, 1_000, { end: { at: 5_000, result: "ack" } }), handOver(2, 2_000)] },
    /^P2 .*while 1 was open/u,
  ],
  [
    "P2: what the platform said later comes first",
    orderFromEndToEnd,
    { handOvers: [handOver(2, 1_000, { seq: 1 }), handOver(1, 2_000, { seq: 2 })] },
    /^P2 .*which the platform said later/u,
  ],
  [
    "P5: a second delivery without a reason",
    boundedDuplicates,
    { handOvers: [handOver(1, 1_000), handOver(1, 9_000, { attempt: 2 })] },
    /^P5 crm got event 1 again/u,
  ],
  [
    "P5: a second delivery after a crash, though the store had said that the first is kept",
    boundedDuplicates,
    {
      handOvers: [handOver(1, 1_000), handOver(1, 62_000, { life: 1 })],
      lives: crashedAt(60_000),
      settled: [{ sink: "crm", id: "e1", at: 1_020 }],
    },
    /^P5 crm got event 1 again/u,
  ],
  [
    "P5: two sockets of an overlap, both admitted",
    onceForEachTime,
    { admissions: [admission(1, 1_060), admission(1, 1_070, { id: "other" })] },
    /^P5 event 1 was said 1 times and admitted 2 times/u,
  ],
  [
    "Q7: an attempt that is forgotten over a crash",
    attemptsCountOverCrashes,
    { handOvers: [handOver(1, 1_070, { end: undefined }), handOver(1, 4_000, { life: 1 })], lives: crashedAt(2_000) },
    /^Q7 attempt 1 of event 1/u,
  ],
  ["P7: a missed event without a gap", missedLiesInGaps, { gaps: [] }, /^P7 event 2 .*no gap says so/u],
  [
    "P7: a gap that begins when the loss was found out",
    missedLiesInGaps,
    { gaps: [gap(101_000, 130_000)] },
    /^P7 event 2 .*no gap says so/u,
  ],
  [
    "P7: a gap of another topic",
    missedLiesInGaps,
    { gaps: [gap(99_000, 130_000, { topics: ["v2.users.user-2.presence"] })] },
    /^P7 event 2 /u,
  ],
  [
    "P7: an event of the time without a process, without a gap",
    missedLiesInGaps,
    { gaps: [], lives: crashedAt(99_900) },
    /^P7 event 2 /u,
  ],
  [
    "P7: a gap without a cause",
    gapsHaveCauses,
    { gaps: [gap(900_000, 901_000)] },
    /^P7 a gap from 900.000 s has no cause/u,
  ],
  ["P7: a gap without an end", gapsComeToAnEnd, { gaps: [gap(99_000, undefined)] }, /^P7 gap 1 .*has no end/u],
  [
    "P7: a gap without an outcome",
    gapsComeToAnEnd,
    { gaps: [gap(99_000, 130_000, { outcomes: undefined })] },
    /^P7 gap 1 .*has no outcome/u,
  ],
  [
    "P7: a gap that is called repaired while its last state never came",
    repairedIsRepaired,
    { admissions: [admission(1, 1_060)] },
    /^P7 gap 1 is called repaired, but event 2/u,
  ],
  [
    "P8: a state that was asked for, behind a younger event",
    neverBackInTime,
    { admissions: [admission(1, 1_060), admission(2, 2_000), admission(1, 2_500, { id: "r", origin: "reconciled" })] },
    /^P8 state 1 of user-1 was asked for and admitted at 2.500 s, after 2 at 2.000 s/u,
  ],
  [
    "P8: a state from before any event, behind one",
    neverBackInTime,
    { admissions: [admission(1, 1_060), admission(0, 1_100, { origin: "reconciled" })] },
    /^P8 state 0 /u,
  ],
  [
    "P11: the late word of a superseded attempt settles what the newest left open",
    lastWordCounts,
    { handOvers: [handOver(1, 1_000), handOver(1, 40_000, { attempt: 2, end: { at: 40_010, result: "retry" } })] },
    /^P11 event 1 never came again to crm/u,
  ],
  [
    "P11: a war for a channel",
    noReconnectWar,
    { takebacks: Array.from({ length: 12 }, (_, place) => place * 20_000) },
    /^P11 7 calls of kind takeback/u,
  ],
  [
    "P13: a login in a tight loop",
    boundedCalls,
    { calls: Array.from({ length: 40 }, (_, place) => ({ at: place * 1_000, kind: "token" as const, what: "" })) },
    /^P11 13 calls of kind token/u,
  ],
])("%s", (_, check, change, says) => {
  test("is found", () => {
    const findings = check(broken(change));
    expect(findings).not.toEqual([]);
    expect(findings[0]).toMatch(says);
  });
});

test("P13: a service that says it is ready while nothing can come is found out after a minute, once", () => {
  const watch = new StallWatch();
  const looks = Array.from({ length: 40 }, (_, place) => place * 5_000);
  const findings = looks.flatMap((now) => watch.look(now, { saysReady: true, state: "no socket" }));
  expect(findings).toHaveLength(1);
  expect(findings[0]).toMatch(/^P13 nothing can come since 0.000 s \(no socket\), and at 65.000 s/u);
});

test("P13: a socket that stood between two looks ends a stall, one that stays does not", () => {
  const watch = new StallWatch();
  const looks = Array.from({ length: 40 }, (_, place) => place * 5_000);
  const look = (now: number, youngest: number): readonly string[] =>
    watch.look(now, { saysReady: true, state: "no socket", youngest });
  expect(looks.flatMap((now) => look(now, Math.floor(now / 50_000)))).toEqual([]);
  expect(looks.flatMap((now) => look(200_000 + now, 9))).toHaveLength(1);
});

test("P13: a service that says it is not ready, and one that is whole again, are none", () => {
  const watch = new StallWatch();
  const looks = Array.from({ length: 40 }, (_, place) => place * 5_000);
  const honest = looks.flatMap((now) => watch.look(now, { saysReady: false, state: "no socket" }));
  const short = looks.flatMap((now) =>
    watch.look(now, { saysReady: true, state: now % 30_000 ? "no socket" : "covered" }),
  );
  expect([...honest, ...short]).toEqual([]);
});

test("P11: two sockets of ours on one channel are found when they last, not while one takes the other's place", () => {
  const wire = (id: number, url: string, deaf = false): { id: number; url: string; deaf: boolean } => ({
    id,
    url,
    deaf,
  });
  const watch = new TwinWatch();
  expect(watch.look(0, [wire(1, "a"), wire(2, "a")])).toEqual([]);
  expect(watch.look(5_000, [wire(2, "a"), wire(3, "b")])).toEqual([]);
  expect(watch.look(10_000, [wire(4, "a"), wire(5, "a")])).toEqual([]);
  expect(watch.look(15_000, [wire(4, "a"), wire(5, "a")])).toEqual([
    "P11 sockets 4 and 5 stand on one channel at 15.000 s",
  ]);
});
