/**
 * Runs seeds one after the other (`npm run test:sim`): `--seeds 500` from `--from 1`, or `--minutes 10`, or one `--seed 7` with
 * `--only 3,8` of its faults and `--trace`. A seed that fails is made small: faults are dropped as long as it still
 * fails (`--brief`: only the first finding is told). `--strict`: what is known counts too. It ends there, unless `--keep` is given.
 */
import { parseArgs } from "node:util";
import { tellRun } from "./report.ts";
import { simulate } from "./run.ts";
import { shrink } from "./shrink.ts";

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
    strict: { type: "boolean", default: false },
  },
});

const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const DAY = 86_400_000;

process.exitCode = values.seed === undefined ? await runMany() : await runOne(Number(values.seed));

async function runOne(seed: number): Promise<number> {
  const only = values.only === undefined ? undefined : values.only.split(",").filter(Boolean).map(Number);
  const result = await simulate({ seed, only, lines: values.trace, strict: values.strict });
  for (const line of result.lines) say(line);
  say(await tellRun(result));
  return result.findings.length === 0 ? 0 : 1;
}

async function runMany(): Promise<number> {
  const from = Number(values.from);
  const startedAt = performance.now();
  const limit = values.minutes === undefined ? Infinity : Number(values.minutes) * 60_000;
  const count = values.minutes === undefined ? Number(values.seeds) : Infinity;
  let [virtualMs, done, failed, said, missed] = [0, 0, 0, 0, 0];
  for (let seed = from; done < count && performance.now() - startedAt < limit; seed += 1, done += 1) {
    const result = await simulate({ seed, strict: values.strict });
    virtualMs += result.virtualMs;
    said += result.said;
    missed += result.missed;
    if (result.findings.length === 0) continue;
    failed += 1;
    say(values.brief ? `seed ${seed}: ${result.findings[0]}` : await tellRun(await shrink(result)));
    if (!values.keep) {
      done += 1;
      break;
    }
  }
  const hours = (performance.now() - startedAt) / 3_600_000;
  const days = virtualMs / DAY;
  say(
    `${done} seeds from ${from}: ${failed} failed; ${days.toFixed(1)} virtual days (${Math.round(days / hours)} an hour), ` +
      `${said} events said, ${missed} of them missed`,
  );
  return failed === 0 ? 0 : 1;
}
