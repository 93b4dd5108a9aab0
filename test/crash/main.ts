/**
 * The crash test as a program: series after series until so many rounds are done. Exit 1 with the first breach, its history
 * kept in a file, and the line that runs the same series again.
 *
 * `--rounds 300` lives that are ended, `--seed N` of the first series, `--offers 150` in each life, `--followed 0` of 100
 * deliveries by another event of the same key at once, `--store sqlite`.
 */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { toLine } from "./history.ts";
import { POINTS } from "./points.ts";
import type { Ending, SeriesResult } from "./rounds.ts";
import { runSeries } from "./rounds.ts";

/** Lives on one file; then the next series begins with an empty one. */
const SERIES = 20;

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "300" },
    seed: { type: "string" },
    offers: { type: "string", default: "150" },
    store: { type: "string", default: "sqlite" },
    followed: { type: "string", default: "0" },
    fault: { type: "string" },
  },
});
const rounds = Number(values.rounds);
const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000));
const store = values.store === "journal" ? "journal" : "sqlite";

say(
  `crash test of ${store}: ${rounds} rounds, seed ${seed}; kill -9 does not exercise fsync: nothing here is about loss of power`,
);
const counts = new Map<string, number>();
for (let done = 0, series = 0; done < rounds; series += 1) {
  const length = Math.min(SERIES, rounds - done);
  const own = seed + series;
  const startedAt = performance.now();
  const result = await runSeries({
    store,
    seed: own,
    rounds: length,
    offers: Number(values.offers),
    followed: Number(values.followed),
    ...(values.fault !== undefined && { fault: values.fault }),
    ...(store === "sqlite" && { points: pointsOf(series) }),
    onRound: (_, ending) => counts.set(nameOf(ending), (counts.get(nameOf(ending)) ?? 0) + 1),
  });
  done += length;
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  say(`${done} of ${rounds} rounds, seed ${own}: ${summary(result)}, ${seconds} s`);
  if (result.breaches.length > 0) {
    report(result, own, length);
    process.exit(1);
  }
}
say(`all promises kept; lives ended: ${[...counts].map(([how, count]) => `${how} ${count}`).join(", ")}`);

/** Every series has room for half as many points as rounds; together they come to all of them, early and late. */
function pointsOf(series: number): string[] {
  const all = POINTS.flatMap(({ name, passages }) => passages.map((passage) => `${name}:${passage}`));
  const start = (series * (SERIES / 2)) % all.length;
  return [...all.slice(start), ...all.slice(0, start)].slice(0, SERIES / 2);
}

function nameOf(ending: Ending): string {
  return ending.how === "point" ? ending.point.replace(/:.*/u, "") : ending.how;
}

function summary({ history, breaches }: SeriesResult): string {
  const count = (e: string): number => history.filter((line) => line.e === e).length;
  const taken = history.reduce((sum, line) => sum + (line.e === "answered" ? line.items.length : 0), 0);
  return `${taken} answers, ${count("handed")} deliveries, ${count("killed")} kills, ${count("closed")} clean stops, ${breaches.length} breaches`;
}

function report({ breaches, history }: SeriesResult, own: number, length: number): void {
  const file = join(mkdtempSync(join(tmpdir(), "ringfirst-crash-history-")), "history.jsonl");
  writeFileSync(file, history.map(toLine).join(""));
  for (const breach of breaches.slice(0, 20)) say(`  ${breach}`);
  if (breaches.length > 20) say(`  … and ${breaches.length - 20} more`);
  say(`history: ${file}`);
  say(
    `once more: npm run test:crash -- --store ${store} --seed ${own} --rounds ${length} --offers ${values.offers} --followed ${values.followed}`,
  );
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
