/** Two services with one OAuth client, which together want more channels than it may have: one more pushes one out, in silence. */
import { expect, test } from "vitest";
import { type GenesysRig, genesysRig } from "../support/genesys-rig.ts";

const CHANNELS = /^\/api\/v2\/notifications\/channels$/u;
const HALF_HOUR_MS = 1_800_000;
const STEP_MS = 5_000;
/** Together two more than there are. */
const EACH = 11;

const made = ({ platform }: GenesysRig): number => platform.seen("POST", CHANNELS).length;
/** Requests but for the lists that are read back every minute. */
const asked = ({ platform }: GenesysRig): number =>
  platform.requests.length - platform.seen("GET", /\/subscriptions$/u).length;
const standing = ({ source }: GenesysRig): number =>
  source.status().connections.filter(({ state }) => state === "live" || state === "moving").length;

/** How their channels end that are pushed out; undefined: heartbeats go on, and nobody tells. */
async function startBoth(evictionCode: number | undefined): Promise<readonly [GenesysRig, GenesysRig]> {
  const topics = (who: string): string[] => Array.from({ length: EACH }, (_, n) => `v2.users.${who}-${n}.presence`);
  const limits = { topicsPerChannel: 1 };
  const prepare = (platform: GenesysRig["platform"]): void => void (platform.evictionCode = evictionCode);
  const first = await genesysRig({ topics: topics("a"), limits, prepare });
  const second = await genesysRig({ topics: topics("b"), limits, platform: first.platform });
  return [first, second];
}

/** Half an hour of both; answers how many channels stood in the mean, of each. */
async function passHalfAnHour(rigs: readonly [GenesysRig, GenesysRig]): Promise<readonly number[]> {
  const sums = rigs.map(() => 0);
  const steps = HALF_HOUR_MS / STEP_MS;
  for (let step = 0; step < steps; step += 1) {
    for (const { clock } of rigs) await clock.advance(STEP_MS);
    rigs[0].platform.heartbeat();
    // Answers over real sockets: a few turns of the event loop for each step of the clock.
    for (let turn = 0; turn < 30; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    for (const [place, rig] of rigs.entries()) sums[place] = (sums[place] ?? 0) + standing(rig);
  }
  return sums.map((sum) => sum / steps);
}

test.each([
  ["closed regularly", 1000],
  ["closed as going away", 1001],
  ["left standing", undefined],
])(
  "what is pushed out is %s: both find out and say so, neither fights for ever, and what fits stands",
  async (_, code) => {
    const rigs = await startBoth(code);
    await passHalfAnHour(rigs);
    // Two dozen to begin with, then a fight that ends.
    expect(made(rigs[0])).toBeLessThan(110);
    const [before, requests] = [made(rigs[0]), asked(rigs[0])];
    const stood = await passHalfAnHour(rigs);
    expect(made(rigs[0]) - before).toBeLessThanOrEqual(15);
    expect(asked(rigs[0]) - requests).toBeLessThan(300);
    for (const { source, context } of rigs) {
      expect(source.status().rivals).toMatchObject({ takeovers: { count: 0 }, displacements: { count: 0 } });
      expect(source.status().rivals?.evictions.count).toBeGreaterThan(0);
      expect(context.logger.text()).toContain("20 of 20 are in use");
      expect(context.logger.text()).toContain("give each program and environment an OAuth client of its own");
    }
    // None starves the other: about 20 in all, and neither has far less than its half.
    for (const mean of stood) expect(mean).toBeGreaterThan(8);
    expect(stood.reduce((sum, mean) => sum + mean, 0)).toBeGreaterThan(19.5);
  },
  20_000,
);
