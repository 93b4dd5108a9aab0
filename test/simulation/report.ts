/** A run, told to people: what was wrong, which faults it takes, how it ended, and the line that repeats it. */
import { faultLine } from "./faults.ts";
import { type RunResult, simulate } from "./run.ts";

const FINDINGS_TOLD = 12;
const LINES_TOLD = 40;

/** Several lines. A run that failed is run once more, for its trace. */
export async function tellRun(result: RunResult): Promise<string> {
  const { seed, faults, findings, hash, said, missed, handedOver, lives, virtualMs } = result;
  const hours = (virtualMs / 3_600_000).toFixed(1);
  const lines = [
    `seed ${seed}: ${hours} virtual hours, ${lives} lives, ${said} events, ${missed} missed, ${handedOver} hand-overs`,
    `  trace ${hash}`,
    ...faults.map((fault) => `  fault ${faultLine(fault)}`),
    ...findings.slice(0, FINDINGS_TOLD).map((finding) => `  WRONG ${finding}`),
  ];
  if (findings.length > FINDINGS_TOLD) lines.push(`  … and ${findings.length - FINDINGS_TOLD} more`);
  if (findings.length === 0) return lines.join("\n");
  const only = faults.map(({ place }) => place);
  lines.push("  the end of the trace:", ...(await traceOf(result, only)).map((line) => `    ${line}`));
  lines.push(`  again: npm run test:sim -- --seed ${seed} --only ${only.join(",")}`);
  return lines.join("\n");
}

/** What happened up to the first moment that a finding names, or to the end. */
async function traceOf({ seed, findings }: RunResult, only: readonly number[]): Promise<readonly string[]> {
  const { lines } = await simulate({ seed, only, lines: true });
  const moments = [...(findings[0] ?? "").matchAll(/(\d+\.\d{3}) s/gu)].map(([, seconds]) => Number(seconds) * 1_000);
  const until = moments.length === 0 ? Infinity : Math.max(...moments) + 1_000;
  const end = lines.findIndex((line) => Number.parseFloat(line) > until);
  return (end < 0 ? lines : lines.slice(0, end)).slice(-LINES_TOLD);
}
