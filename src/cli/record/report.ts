/** What is said of a recording, on the way and at its end. */
import type { Source } from "../../ports/source.ts";
import { count, duration, fit, printable } from "../text.ts";
import { wrap } from "../wrap.ts";
import { sizeText } from "./size.ts";

/** One source of a recording. */
export interface RecordedSource {
  readonly name: string;
  readonly events: number;
  /** Frames that did not parse; they are events too. */
  readonly malformed: number;
  /** Intervals in which events may have been missed. */
  readonly gaps: number;
}

/** A recording that has ended. */
export interface RecordSummary {
  /** The file; `-`: stdout. */
  readonly out: string;
  readonly events: number;
  readonly bytes: number;
  readonly tookMs: number;
  readonly anonymised: boolean;
  readonly ended: "duration" | "max-bytes" | "signal" | "reader-gone" | "failed";
  /** Why it failed, or why nothing came. */
  readonly reason: string | undefined;
  readonly sources: readonly RecordedSource[];
}

const BECAUSE: Readonly<Record<RecordSummary["ended"], string>> = {
  duration: "the time was over",
  "max-bytes": "the next event would have passed --max-bytes",
  signal: "it was asked to stop",
  "reader-gone": "nobody reads stdout any more",
  failed: "it failed",
};

/** `00:20  1,234 events, 2.3 MB; main live`. */
export function progressLine(
  elapsedMs: number,
  { events, bytes }: { readonly events: number; readonly bytes: number },
  sources: readonly Source[],
  width: number | undefined,
): string {
  const seconds = Math.floor(elapsedMs / 1_000);
  const two = (value: number): string => String(value).padStart(2, "0");
  const states = sources.map((source) => {
    const { state, reason } = source.status();
    return `${printable(source.name)} ${state}${reason === undefined ? "" : ` (${printable(reason)})`}`;
  });
  const line = `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}  ${count(events)} events, ${sizeText(bytes)}; ${states.join(", ")}`;
  return width === undefined ? line : fit(line, width);
}

/** For people. */
export function summaryLines(summary: RecordSummary, width: number | undefined): string[] {
  const { out, events, bytes, tookMs, anonymised, ended, reason, sources } = summary;
  const where = out === "-" ? "stdout" : printable(out);
  const how = anonymised ? ", anonymised" : "";
  const because = `ended because ${BECAUSE[ended]}${reason === undefined ? "" : `: ${printable(reason)}`}`;
  return [
    ...wrap(`${count(events)} events in ${duration(tookMs)} (${sizeText(bytes)}) to ${where}${how}; ${because}`, width),
    ...sources.flatMap(({ name, events: taken, malformed, gaps }) => {
      const notes = [
        ...(malformed === 0 ? [] : [`${count(malformed)} that did not parse`]),
        ...(gaps === 0 ? [] : [`${count(gaps)} gap${gaps === 1 ? "" : "s"} in which events may have been missed`]),
      ];
      return wrap(`${printable(name)}: ${[`${count(taken)} events`, ...notes].join(", ")}`, width, "  ");
    }),
  ];
}
