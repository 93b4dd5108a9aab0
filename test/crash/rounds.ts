/**
 * The parent: lets a child live, ends it by force, starts it again on what it left, and keeps the whole history for the
 * judge. The plan of a series follows from its seed; the moment at which a process dies does not, to the microsecond.
 *
 * A series is some lives that are ended by force (a few in peace) and a last one that works everything off.
 */
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { HistoryLine } from "./history.ts";
import { parseHistory } from "./history.ts";
import { judge } from "./judge.ts";
import { chances, MAX_ATTEMPTS } from "./load.ts";
import type { LifePlan } from "./plan.ts";

const CHILD = fileURLToPath(new URL("child.ts", import.meta.url));
/** A life that nobody ended by then is hung. */
const LIFE_LIMIT_MS = 30_000;

/** A child that has nothing more to say is ended after so long. */
const LINES_LIMIT_MS = 1_500;

/** How a life is ended. */
export type Ending =
  /** SIGKILL so many milliseconds after the start of the process, ready or not. */
  | { readonly how: "start"; readonly afterMs: number }
  /** SIGKILL so many milliseconds after the store was open. */
  | { readonly how: "time"; readonly afterMs: number }
  /** SIGKILL when so many lines were said. */
  | { readonly how: "lines"; readonly count: number }
  /** By its own hand at a crash point. */
  | { readonly how: "point"; readonly point: string }
  /** SIGTERM after so many lines, and SIGKILL some milliseconds later if it is not gone; undefined: let it go in peace. */
  | { readonly how: "stop"; readonly count: number; readonly killAfterMs: number | undefined };

/** What a series is made of. */
export interface SeriesOptions {
  readonly store: LifePlan["store"];
  readonly fault?: string;
  readonly seed: number;
  /** Lives that are ended. */
  readonly rounds: number;
  /** Fresh envelopes offered in each. */
  readonly offers: number;
  /** After so many of 100 acknowledged deliveries with a key another event of that key comes at once. @defaultValue `0` */
  readonly followed?: number;
  /** Crash points to end at, one life each, in turn with other endings; `name:n` for the n-th passage. */
  readonly points?: readonly string[];
  /** A child that has not come by its crash point after so long has failed. @defaultValue 8,000 */
  readonly pointLimitMs?: number;
  readonly onRound?: (round: number, ending: Ending) => void;
}

/** What came of a series. */
export interface SeriesResult {
  /** Empty: all promises were kept. */
  readonly breaches: readonly string[];
  readonly history: readonly HistoryLine[];
}

/** How the lives of a series end. */
export function endingsOf({ seed, rounds, offers, points = [] }: SeriesOptions): Ending[] {
  return Array.from({ length: rounds }, (_, round): Ending => {
    // Every other life goes to the crash points, while there are some left.
    const point = round % 2 === 1 ? points[(round - 1) / 2] : undefined;
    if (point !== undefined) return { how: "point", point };
    const [kind = 0, a = 0, b = 0] = chances(seed, "ending", round);
    // A delivery is three lines.
    const count = 1 + ((a * 256 + b) % (offers * 3));
    if (kind < 100) return { how: "lines", count };
    if (kind < 170) return { how: "time", afterMs: a };
    if (kind < 200) return { how: "start", afterMs: 20 + a };
    return { how: "stop", count, killAfterMs: kind < 225 ? b % 12 : undefined };
  });
}

/** Runs a series on a place of its own and judges it. */
export async function runSeries(options: SeriesOptions): Promise<SeriesResult> {
  const folder = mkdtempSync(join(tmpdir(), "ringfirst-crash-"));
  const history: HistoryLine[] = [];
  const limitMs = options.pointLimitMs ?? 8_000;
  try {
    for (const [round, ending] of endingsOf(options).entries()) {
      options.onRound?.(round, ending);
      const troubles = await live(planOf(options, folder, round, history, ending), ending, limitMs, history);
      // A verdict on what was so far is cheap, and names the round.
      const breaches = [...troubles, ...judge(history, { maxAttempts: MAX_ATTEMPTS })];
      if (breaches.length > 0) return { breaches: breaches.map((text) => `round ${round}: ${text}`), history };
    }
    const troubles = await live(planOf(options, folder, options.rounds, history), undefined, limitMs, history);
    if (!history.some(({ e }) => e === "final")) troubles.push("the last life did not come to its end");
    return { breaches: [...troubles, ...judge(history, { maxAttempts: MAX_ATTEMPTS })], history };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function planOf(
  { store, fault, seed, offers, followed = 0 }: SeriesOptions,
  folder: string,
  round: number,
  history: readonly HistoryLine[],
  ending?: Ending,
): LifePlan {
  const tokens = history.flatMap((line) => (line.e === "handed" ? [line.token] : []));
  return {
    path: join(folder, "queue"),
    store,
    fault,
    seed,
    round,
    offers: ending === undefined ? 0 : offers,
    followed: ending === undefined ? 0 : followed,
    again: [...offeredAgain(seed, history), ...offeredTwice(seed, round, history)],
    oldTokens: tokens.slice(-20),
    crashAt: ending?.how === "point" ? ending.point : undefined,
    finish: ending === undefined,
  };
}

/** Ids that were offered and had no answer, in the order of their first offer; some are left out: a sender may give up. */
function offeredAgain(seed: number, history: readonly HistoryLine[]): string[] {
  const ids = new Set<string>();
  for (const line of history) {
    if (line.e === "offered") for (const { id } of line.items) ids.add(id);
    if (line.e === "answered") for (const { id } of line.items) ids.delete(id);
  }
  return [...ids].filter((id) => (chances(seed, "again", id)[0] ?? 0) < 200);
}

/** A few ids that were taken already, offered again by a sender whom the answer did not reach: each is a duplicate. */
function offeredTwice(seed: number, round: number, history: readonly HistoryLine[]): string[] {
  const taken = history.flatMap((line) => (line.e === "answered" ? line.items.map(({ id }) => id) : []));
  const bytes = [...chances(seed, "twice", round)].slice(0, 6);
  return [...new Set(bytes.flatMap((byte, n) => taken[(byte * 256 + n * 37) % Math.max(1, taken.length)] ?? []))];
}

/** One life, from its start to its end; its lines are added to the history. What was wrong with it besides is answered. */
async function live(
  plan: LifePlan,
  ending: Ending | undefined,
  pointLimitMs: number,
  history: HistoryLine[],
): Promise<string[]> {
  const child = spawn(process.execPath, [CHILD, JSON.stringify(plan)], {
    stdio: ["ignore", "ignore", "pipe", "pipe"],
    env: { ...process.env, RINGFIRST_CRASH_AT: plan.crashAt ?? "" },
  });
  const troubles: string[] = [];
  const limit = setTimeout(() => {
    troubles.push(`a life hung: not ended within ${LIFE_LIMIT_MS} ms`);
    child.kill("SIGKILL");
  }, LIFE_LIMIT_MS);
  const end = ending === undefined ? undefined : endAt(child, ending, pointLimitMs);
  const said: Buffer[] = [];
  const complaints: Buffer[] = [];
  child.stdio[3]?.on("data", (chunk: Buffer) => {
    said.push(chunk);
    end?.heard(chunk);
  });
  child.stderr?.on("data", (chunk: Buffer) => complaints.push(chunk));
  const code = await new Promise<number | null>((resolve) => child.on("close", (exit) => resolve(exit)));
  clearTimeout(limit);
  end?.over();
  const lines = parseHistory(Buffer.concat(said).toString("utf8"));
  history.push(...lines);
  if (!lines.some(({ e }) => e === "closed")) history.push({ e: "killed" });
  if (code !== null && code !== 0) {
    troubles.push(`a life ended by itself, exit code ${code}: ${Buffer.concat(complaints).toString("utf8").trim()}`);
  }
  if (ending?.how === "point" && !lines.some(({ e }) => e === "reached")) {
    troubles.push(`crash point ${ending.point} was never reached`);
  }
  return troubles;
}

/** Watches what a child says and ends it when its time has come. */
function endAt(
  child: ChildProcess,
  ending: Ending,
  pointLimitMs: number,
): { heard: (chunk: Buffer) => void; over: () => void } {
  const timers: NodeJS.Timeout[] = [];
  const killIn = (ms: number): void => void timers.push(setTimeout(() => child.kill("SIGKILL"), ms));
  let lines = 0;
  let done = false;
  const act = (): void => {
    if (done) return;
    done = true;
    if (ending.how === "time") killIn(ending.afterMs);
    else if (ending.how === "lines") child.kill("SIGKILL");
    else if (ending.how === "stop") {
      child.kill("SIGTERM");
      if (ending.killAfterMs !== undefined) killIn(ending.killAfterMs);
    }
  };
  const due = ending.how === "lines" || ending.how === "stop" ? ending.count : 1;
  if (ending.how === "start") killIn(ending.afterMs);
  else if (ending.how === "point") killIn(pointLimitMs);
  else timers.push(setTimeout(act, LINES_LIMIT_MS));
  return {
    heard: (chunk) => {
      for (const byte of chunk) if (byte === 10) lines += 1;
      if (lines >= due) act();
    },
    over: () => {
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
