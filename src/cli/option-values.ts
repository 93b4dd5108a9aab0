/** Reading option values; a wrong one is a usage error that says what is allowed. */
import { InvalidArgumentError } from "commander";

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/u;

/** A whole number within bounds. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && Number.isInteger(value) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`A whole number from ${min} to ${max} is allowed.`);
  };
}

/** A number above zero, fractions allowed. */
export function positiveNumber(max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && value > 0 && value <= max) return value;
    throw new InvalidArgumentError(`A number above 0 and up to ${max} is allowed.`);
  };
}

/** `500ms`, `20s`, `5m`, `2h`, `1d`; a bare number is seconds. In milliseconds. */
export function durationMs(text: string): number {
  const [, amount, unit = "s"] = DURATION.exec(text.trim()) ?? [];
  const value = Number(amount) * (UNITS[unit] ?? Number.NaN);
  if (value > 0 && Number.isSafeInteger(Math.ceil(value))) return value;
  throw new InvalidArgumentError("A duration is allowed: 500ms, 20s, 5m, 2h, 1d.");
}

/** A TCP port; 0 takes any free one. */
export const portNumber: (text: string) => number = wholeNumber(0, 65_535);
