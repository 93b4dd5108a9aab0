/** What a check says. */

/**
 * How it stands. `warning`: it works, and may not go on so. `problem`: something does not work. `unchecked`: it could not be looked at;
 * why, is in what was found.
 */
export type Level = "ok" | "warning" | "problem" | "unchecked";

/** One check, done. No secret is in any of its texts. */
export interface Finding {
  /** `configuration`, `source main`, `sink crm`, `store`. */
  readonly part: string;
  /** `credentials`, `clock`, … */
  readonly check: string;
  readonly level: Level;
  /** What was found, in a line. */
  readonly found: string;
  /** What to do, in steps; none where nothing is to be done. */
  readonly todo: readonly string[];
  /** Numbers and names for programs. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Takes findings as they come, so that people need not wait for the last. */
export type Tell = (check: string, level: Level, found: string, more?: FindingExtras) => void;

/** What a finding may have besides. */
export interface FindingExtras {
  readonly todo?: readonly string[];
  readonly details?: Readonly<Record<string, unknown>>;
}

/** A teller for one part. */
export function tellFor(part: string, take: (finding: Finding) => void): Tell {
  return (check, level, found, { todo = [], details } = {}) =>
    take({ part, check, level, found, todo, ...(details === undefined ? {} : { details }) });
}

/** Findings by level. */
export function countLevels(findings: readonly Finding[]): Readonly<Record<Level, number>> {
  const counts = { ok: 0, warning: 0, problem: 0, unchecked: 0 };
  for (const { level } of findings) counts[level] += 1;
  return counts;
}
