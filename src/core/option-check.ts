/** Checks of single options: the error names the option, what is allowed, and what was found. */
import { RingfirstError } from "../errors.ts";

/** A finite number within bounds. @throws RingfirstError `RF_OPTION_INVALID` */
export function numberIn(path: string, value: unknown, min: number, max: number): number {
  if (typeof value === "number" && value >= min && value <= max) return value;
  throw invalid(path, `a number from ${min} to ${max}`, show(value));
}

/** A whole number within bounds. @throws RingfirstError `RF_OPTION_INVALID` */
export function integerIn(path: string, value: unknown, min: number, max: number): number {
  if (Number.isInteger(value)) return numberIn(path, value, min, max);
  throw invalid(path, `a whole number from ${min} to ${max}`, show(value));
}

/** The error for an option: its path, what is allowed, what was found. */
export function invalid(path: string, allowed: string, found: string): RingfirstError {
  return new RingfirstError("RF_OPTION_INVALID", `${path}: ${allowed} expected, found ${found}`, { details: { path } });
}

function show(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
