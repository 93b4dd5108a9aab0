/**
 * Runs seeds (`npm run test:sim`): `--seeds 500` from `--from 1`, or `--minutes 10`, or one `--seed 7` with `--only 3,8` of its
 * faults and `--trace`. A seed that fails is made small: faults are dropped as long as it still fails (`--brief`: only the first
 * finding is told). It ends there, unless `--keep` is given. Many seeds run in `--threads`,
 * one for each core; with one, in this one. What is told is the same, in the order of the seeds.
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { deal } from "./deal.ts";
import { tellRun } from "./report.ts";
import { simulate } from "./run.ts";
import { shrink } from "./shrink.ts";
import { SeedThread } from "./threads.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    only: { type: "string" },
    trace: { type: "boolean", default: false },
    seeds: { type: "string", default: "400" },
    from: { type: "string", default: "1" },
    minutes: { type: "string" },
    keep: { type: "boolean", default: false },
    brief: { type: "boolean", default: false },
    threads: { type: "string", default: String(availableParallelism()) },
  },
});

const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const DAY = 86_400_000;

process.exitCode = values.seed === undefined ? await runMany() : await runOne(Number(values.seed));

async function runOne(seed: number): Promise<number> {
  const only = values.only === undefined ? undefined : values.only.split(",").filter(Boolean).map(Number);
  const result = await simulate({ seed, only, lines: values.trace });
  for (const line of result.lines) say(line);
  say(await tellRun(result));
  return result.findings.length === 0 ? 0 : 1;
}

async function runMany(): Promise<number> {
  const from = Number(values.from);
  const startedAt = performance.now();
  const limit = values.minutes === undefined ? Infinity : Number(values.minutes) * 60_000;
  const count = values.minutes === undefined ? Number(values.seeds) : Infinity;
  const dealing = { from, count, isOver: () => performance.now() - startedAt >= limit };
  let [virtualMs, done, failed, said, missed] = [0, 0, 0, 0, 0];
  const threads = createThreads(Math.min(Number(values.threads), count));
  const runners = threads.length > 0 ? threads : [{ run: (seed: number) => simulate({ seed }) }];
  for await (const result of deal(runners, dealing)) {
    done += 1;
    virtualMs += result.virtualMs;
    said += result.said;
    missed += result.missed;
    if (result.findings.length === 0) continue;
    failed += 1;
    if (!values.keep) await Promise.all(threads.map((thread) => thread.end()));
    say(values.brief ? `seed ${result.seed}: ${result.findings[0]}` : await tellRun(await shrink(result)));
    if (!values.keep) break;
  }
  await Promise.all(threads.map((thread) => thread.end()));
  const hours = (performance.now() - startedAt) / 3_600_000;
  const days = virtualMs / DAY;
  say(
    `${done} seeds from ${from}: ${failed} failed; ${days.toFixed(1)} virtual days (${Math.round(days / hours)} an hour), ` +
      `${said} events said, ${missed} of them missed`,
  );
  return failed === 0 ? 0 : 1;
}

/** None where one is enough. */
function createThreads(count: number): readonly SeedThread[] {
  return count < 2 ? [] : Array.from({ length: count }, () => new SeedThread());
}
