/** Parameters of faults: what each may be, for people and as a check. */
import { readDuration } from "./duration.ts";

/** A parameter. */
export interface Parameter {
  /** For people: what it may be, and its default. */
  readonly allowed: string;
  readonly isRight: (value: unknown) => boolean;
  /** Whether it is a length of time, so that `"5s"` is 5000. */
  readonly isDuration?: true;
}

export const isText = (value: unknown): boolean => typeof value === "string" && value !== "";
export const text = (allowed: string): Parameter => ({ allowed, isRight: isText });
export const flag = (allowed: string): Parameter => ({ allowed, isRight: (value) => typeof value === "boolean" });
export const duration = (allowed: string): Parameter => ({
  allowed,
  isRight: (value) => readDuration(value) !== undefined,
  isDuration: true,
});
export const whole = (min: number, max: number, fallback: string): Parameter => ({
  allowed: `a whole number from ${min} to ${max}${fallback}`,
  isRight: (value) => Number.isInteger(value) && Number(value) >= min && Number(value) <= max,
});
export const oneOf = (words: readonly string[]): Parameter => ({
  allowed: `${words.join(" | ")}, default ${words[0]}`,
  isRight: (value) => words.includes(String(value)),
});

/** How a length of time may be written. */
export const TIME = "milliseconds, or a text like 500ms, 5s, 2m";
