/** Gaps as lines of text. */
import type { GapRecord, GapState } from "../../core/gap.ts";
import { table, type Column } from "../table.ts";
import { count, duration, type Paint, printable } from "../text.ts";

/** What the lines are made with. */
export interface GapView {
  /** Epoch milliseconds by the service's clock. */
  readonly now: number;
  /** All that there ever were. */
  readonly total: number;
  /** Each topic by name. */
  readonly named: boolean;
}

/** The answer for people, the youngest last. */
export function gapLines(gaps: readonly GapRecord[], { now, total, named }: GapView, paint: Paint): string[] {
  if (total === 0) return ["no gaps: nothing is known to have been missed"];
  if (gaps.length === 0) return [`no such gaps; ${count(total)} in all`];
  if (named) return gaps.flatMap((gap) => [headLine(gap, now, paint), ...topicLines(gap, paint), ""]).slice(0, -1);
  const rows = gaps.map((gap) => [
    String(gap.n),
    new Date(gap.from).toISOString(),
    lengthOf(gap, now),
    painted(gap.state, paint),
    count(gap.topicCount),
    printable(gap.source),
    printable(gap.cause),
  ]);
  return table(columns(paint), rows);
}

function columns(paint: Paint): Column[] {
  const title = (text: string): string => paint("dim", text);
  return [
    { title: title("GAP"), align: "right" },
    { title: title("SINCE") },
    { title: title("LENGTH"), align: "right" },
    { title: title("STATE") },
    { title: title("TOPICS"), align: "right" },
    { title: title("SOURCE") },
    { title: title("CAUSE") },
  ];
}

function lengthOf({ from, to }: GapRecord, now: number): string {
  return duration(Math.max(0, (to ?? now) - from));
}

function painted(state: GapState, paint: Paint): string {
  return state === "repaired" ? paint("green", state) : paint("yellow", state);
}

function headLine(gap: GapRecord, now: number, paint: Paint): string {
  const end = gap.to === undefined ? "" : ` to ${new Date(gap.to).toISOString()}`;
  const when = `${new Date(gap.from).toISOString()}${end} (${lengthOf(gap, now)})`;
  const head = `${paint("bold", `gap ${gap.n}`)}  ${painted(gap.state, paint)}  ${when}`;
  return `${head}  ${printable(gap.source)}: ${printable(gap.cause)}`;
}

function topicLines({ topics, findings }: GapRecord, paint: Paint): string[] {
  const found = new Set(findings.flatMap((finding) => finding.topics));
  const left = topics.filter((topic) => !found.has(topic));
  const lines = findings.flatMap((finding) => [
    `  ${painted(finding.outcome, paint)}: ${printable(finding.why)}`,
    ...finding.topics.map((topic) => `    ${printable(topic)}`),
  ]);
  if (left.length > 0)
    lines.push(`  ${paint("yellow", "not known yet")}`, ...left.map((topic) => `    ${printable(topic)}`));
  return lines;
}
