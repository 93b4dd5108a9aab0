/** Findings as lines of text. */
import { pad, type Paint, printable, type Style } from "../text.ts";
import { wrap } from "../wrap.ts";
import { howMany } from "./amounts.ts";
import { type Finding, countLevels, type Level } from "./finding.ts";

const SIGNS: Readonly<Record<Level, readonly [sign: string, style: Style]>> = {
  ok: ["✓", "green"],
  warning: ["!", "yellow"],
  problem: ["✗", "red"],
  unchecked: ["·", "dim"],
};

/** Columns of the longest name of a check. */
const NAME_COLUMNS = 11;
/** Longer lines are hard to read. */
const WIDEST = 110;

/** Lines of one finding; with the part's name before it where it is the first of its part. `columns`: undefined for a pipe. */
export function findingLines(finding: Finding, first: boolean, columns: number | undefined, paint: Paint): string[] {
  const { part, check, level, found, todo } = finding;
  const width = columns === undefined ? undefined : Math.min(columns, WIDEST);
  const [sign, style] = SIGNS[level];
  const head = `  ${paint(style, sign)} ${paint(level === "ok" ? "dim" : style, pad(printable(check), NAME_COLUMNS))}  `;
  const blanks = " ".repeat(4 + NAME_COLUMNS + 2);
  return [
    ...(first ? ["", paint("bold", printable(part))] : []),
    ...wrap(printable(found), width, head),
    ...todo.flatMap((step) => wrap(printable(step), width, `${blanks}${paint("cyan", "→")} `)),
  ];
}

/** The end: how many of each, and what was left alone. */
export function summaryLine(findings: readonly Finding[], connect: boolean, paint: Paint): string {
  const { ok, warning, problem, unchecked } = countLevels(findings);
  const parts = [
    ...(problem > 0 ? [paint("red", howMany(problem, "problem"))] : []),
    ...(warning > 0 ? [paint("yellow", howMany(warning, "warning"))] : []),
    paint(problem + warning > 0 ? "dim" : "green", `${ok} in order`),
    ...(unchecked > 0 ? [paint("dim", `${unchecked} not checked`)] : []),
  ];
  return `${parts.join(", ")}. ${connect ? "What was opened is closed again." : "Nothing was opened or changed; --connect subscribes and connects once."}`;
}
