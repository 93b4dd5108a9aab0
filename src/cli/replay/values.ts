/** Reading option values of `replay`. */
import { InvalidArgumentError } from "commander";
import { durationMs } from "../option-values.ts";

/** `10`, `0.5`, `max`, `original`. */
export function speedValue(text: string): number | "max" {
  if (text === "max") return "max";
  if (text === "original") return 1;
  const value = Number(text.replace(/x$/u, ""));
  if (text.trim() !== "" && value > 0 && value <= 1e6) return value;
  throw new InvalidArgumentError("A number above 0 and up to 1000000, max, or original is allowed.");
}

/** `5m` into the recording, or a time with its zone: `2026-03-04T10:15:00Z`. */
export function momentValue(text: string): number | Date {
  if (text === "0") return 0;
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d.*(?:Z|[+-]\d\d:?\d\d)$/u.test(text)) {
    try {
      return durationMs(text);
    } catch {
      throw new InvalidArgumentError(
        "A duration since the recording began (5m, 90s) or a time (2026-03-04T10:15:00Z) is allowed.",
      );
    }
  }
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw new InvalidArgumentError("There is no such time.");
  return time;
}
