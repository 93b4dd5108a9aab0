/** What is wrong in a configuration: where, what was found, what is allowed. All of it at once, and no secret in it. */
import { RingfirstError } from "../errors.ts";

/** A place in a configuration: member names and positions in lists. */
export type ConfigPath = readonly (string | number)[];

/** One thing that is wrong. */
export interface ConfigProblem {
  /** As people write it: `sinks[0].url`; "" for the whole file. */
  readonly path: string;
  /** From 1; undefined where the configuration does not come from a file. */
  readonly line: number | undefined;
  readonly column: number | undefined;
  readonly message: string;
}

/** `sources[0].topics[2]` */
export function showPath(path: ConfigPath): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    return text === "" ? step : `${text}.${step}`;
  }, "");
}

/**
 * One error for all problems; a line each, in the order of the file.
 *
 * @param origin - the file's path, or `the environment`
 */
export function configError(origin: string, problems: readonly ConfigProblem[]): RingfirstError {
  const sorted = [...problems].sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
  const lines = sorted.map(({ path, line, column, message }) => {
    const place = line === undefined ? origin : `${origin}:${line}:${column ?? 1}`;
    return path === "" ? `${place}: ${message}` : `${place}: ${path}: ${message}`;
  });
  const heading = lines.length === 1 ? "" : `${lines.length} problems in the configuration\n  `;
  return new RingfirstError("RF_CONFIG_INVALID", heading + lines.join("\n  "), {
    details: { origin, problems: sorted },
  });
}

/** `; did you mean "timeoutMs"?` where one of the names is close, else "". */
export function didYouMean(found: string, allowed: readonly string[]): string {
  const near = allowed
    .map((name) => ({ name, distance: editDistance(fold(found), fold(name)) }))
    .filter(({ name, distance }) => distance <= Math.max(1, Math.floor(name.length / 3)))
    .sort((a, b) => a.distance - b.distance)[0];
  return near === undefined ? "" : `; did you mean ${JSON.stringify(near.name)}?`;
}

function fold(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[-_\s]/gu, "")
    .slice(0, 64);
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one word into the other. */
function editDistance(from: string, to: string): number {
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const cost = from[i - 1] === to[j - 1] ? 0 : 1;
      let best = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + cost);
      const isSwap = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      if (isSwap) best = Math.min(best, (before[j - 2] ?? 0) + 1);
      next.push(best);
    }
    before = row;
    row = next;
  }
  return row[to.length] ?? 0;
}
