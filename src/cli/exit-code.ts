/** How the program ends, as a number; part of the outward contract. */
import { isRingfirstError, type RingfirstErrorCode } from "../errors.ts";

/** Exit codes of every command. */
export const EXIT = {
  /** All went well. */
  OK: 0,
  /** It failed: nothing wrong with what was asked. */
  FAILED: 1,
  /** Wrong usage or configuration: the same call fails again until it is changed. */
  USAGE: 2,
  /** A check found something. */
  FOUND: 3,
} as const;

/** One of {@link EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const USAGE_CODES: ReadonlySet<RingfirstErrorCode> = new Set<RingfirstErrorCode>([
  "RF_USAGE",
  "RF_OPTION_INVALID",
  "RF_CONFIG_INVALID",
  "RF_CONFIG_UNREADABLE",
  "RF_RULE_INVALID",
  "RF_REGION_UNKNOWN",
  "RF_OPTIONAL_MISSING",
  "RF_RECORDING_UNUSABLE",
]);

/** The exit code for what a command threw. */
export function exitCodeOf(error: unknown): ExitCode {
  return isRingfirstError(error) && USAGE_CODES.has(error.code) ? EXIT.USAGE : EXIT.FAILED;
}

/** Explains the codes; shown under `--help`. */
export const EXIT_CODE_HELP = `Exit codes:
  0  all went well
  1  it failed (no service answers, events were left behind, ...)
  2  wrong usage or configuration
  3  a check found something (doctor: a warning or a problem; demo: an event lost or out of
     order; replay: a line that is no event)`;
