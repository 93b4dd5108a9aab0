/** The demo's live view as lines of text: a function of what is known and of the room there is. Nothing is written here. */
import type { ClassReport, ServiceStatus, SourceReport } from "../../ports/service.ts";
import { table, type Column } from "../table.ts";
import { columnsOf, count, duration, fit, pad, type Paint, printable, type Style } from "../text.ts";
import type { Verdict } from "./judge.ts";
import type { Happening, Ring } from "./lately.ts";

/** Everything that is shown. */
export interface DemoView {
  readonly title: string;
  /** For a person who wants to look into the service from elsewhere. */
  readonly statusCommand: string;
  readonly emulatorUrl: string;
  readonly elapsedMs: number;
  /** Absent: until it is stopped. */
  readonly durationMs: number | undefined;
  /** `running`, then `draining` with how many are outstanding. */
  readonly phase: "running" | "draining";
  readonly status: ServiceStatus;
  /** Events received in each of the last seconds, oldest first. */
  readonly rates: readonly number[];
  readonly verdict: Verdict;
  readonly rings: readonly Ring[];
  readonly happenings: readonly Happening[];
}

/** Room on the terminal. */
export interface ViewSize {
  readonly columns: number;
  readonly rows: number;
}

const BARS = "▁▂▃▄▅▆▇█";
const CLASS_STYLES: readonly Style[] = ["red", "yellow", "cyan"];
const STATE_STYLES: Readonly<Record<SourceReport["state"], Style>> = {
  starting: "yellow",
  live: "green",
  degraded: "yellow",
  waiting: "yellow",
  refused: "red",
  closed: "dim",
};
const LEVEL_STYLES: Readonly<Record<string, Style>> = { error: "red", warn: "yellow" };
const INDENT = "  ";
/** Below these widths columns are left out. */
const NARROW = 60;

/** The lines of one frame, none wider and not more than there is room. */
export function composeFrame(view: DemoView, size: ViewSize, paint: Paint): string[] {
  const { columns } = size;
  const head = [
    ...headLines(view, columns, paint),
    "",
    ...classLines(view.status, columns, paint),
    "",
    ...sourceLines(view, columns, paint),
    verdictLine(view, columns, paint),
  ];
  const foot = footLines(view).map((line) => paint("dim", line));
  const lists = listLines(view, columns, size.rows - head.length - foot.length, paint);
  const body = [...head, ...lists].slice(0, Math.max(0, size.rows - foot.length));
  return [...body, ...foot].slice(-size.rows).map((line) => fit(line, columns));
}

function headLines(view: DemoView, columns: number, paint: Paint): string[] {
  const name = "ringfirst";
  const title = fit(`  ${view.title}`, Math.max(0, columns - name.length - 14));
  const time =
    view.durationMs === undefined ? clock(view.elapsedMs) : `${clock(view.elapsedMs)} / ${clock(view.durationMs)}`;
  const gap = " ".repeat(Math.max(1, columns - name.length - columnsOf(title) - time.length));
  return [`${paint(["bold", "cyan"], name)}${paint("dim", title)}${paint("bold", gap + time)}`];
}

function footLines({ phase, statusCommand, emulatorUrl, verdict }: DemoView): string[] {
  if (phase === "draining") {
    const left = count(verdict.outstanding);
    return ["", `The centre is silent; ${left} events are still on their way. Ctrl-C again ends at once.`];
  }
  return [
    "",
    `Cut the socket and watch: curl -d '{"fault":"drop"}' ${emulatorUrl}/_emulator/faults`,
    `Look in: ${statusCommand}`,
    "Ctrl-C ends with a summary.",
  ];
}

function classLines(status: ServiceStatus, columns: number, paint: Paint): string[] {
  const narrow = columns < NARROW;
  const heads: Column[] = [
    "CLASS",
    "WAITING",
    narrow ? "BUSY" : "IN FLIGHT",
    narrow ? "DONE" : "DELIVERED",
    "p50",
    "p99",
  ].map((title, index) => ({ title: paint("dim", title), align: index === 0 ? "left" : "right" }));
  if (!narrow) heads.push({ title: paint("dim", "OLDEST"), align: "right" });
  const rows = status.classes.map((entry, rank) => classRow(entry, CLASS_STYLES[rank] ?? "dim", narrow, paint));
  return table(heads, rows).map((line) => INDENT + fit(line, columns - INDENT.length));
}

function classRow(entry: ClassReport, style: Style, narrow: boolean, paint: Paint): string[] {
  const { waitMs, waiting, inFlight, delivered, oldestWaitingMs } = entry;
  const wait = (ms: number): string => pad(waitMs.count === 0 ? "-" : duration(ms), narrow ? 0 : 8, "right");
  const row = [
    paint(style, `● ${printable(entry.name)}`),
    pad(count(waiting), narrow ? 0 : 9, "right"),
    count(inFlight),
    paint("bold", pad(count(delivered), narrow ? 0 : 10, "right")),
    wait(waitMs.p50),
    wait(waitMs.p99),
  ];
  return narrow ? row : [...row, pad(duration(oldestWaitingMs), 8, "right")];
}

function sourceLines({ status, rates }: DemoView, columns: number, paint: Paint): string[] {
  const lines = status.sources
    .filter(({ type }) => type !== "http")
    .map((source) => {
      const topics = source.connections.reduce((sum, one) => sum + one.topicCount, 0);
      const channels = source.connections.length;
      const state = paint(STATE_STYLES[source.state], source.state);
      const facts = `${channels} ${channels === 1 ? "channel" : "channels"}, ${count(topics)} topics`;
      const now = rates.at(-1) ?? 0;
      const text = `${printable(source.name)} ${state}  ${facts}  ${count(now)} events/s`;
      const room = columns - INDENT.length - columnsOf(text) - 2;
      const line = room > 8 ? `${text}  ${paint("green", sparkline(rates, Math.min(room, 40)))}` : text;
      return fit(line, columns - INDENT.length);
    });
  const reasons = status.notReady.map((reason) => paint("yellow", fit(printable(reason), columns - INDENT.length)));
  return [...lines, ...reasons].map((line) => INDENT + line);
}

/** The judge's word, against the emulator's ledger. */
function verdictLine({ verdict }: DemoView, columns: number, paint: Paint): string {
  const { sent, delivered, outstanding, orderViolations, duplicates } = verdict;
  const bad = orderViolations > 0;
  const text = [
    `ledger: ${count(sent)} sent`,
    `${count(delivered)} delivered`,
    `${count(outstanding)} under way`,
    `${count(orderViolations)} out of order`,
    ...(duplicates > 0 ? [`${count(duplicates)} twice`] : []),
  ].join(", ");
  return INDENT + paint(bad ? "red" : "dim", fit(text, columns - INDENT.length));
}

/** The two lists share the rows that are left. */
function listLines(view: DemoView, columns: number, rows: number, paint: Paint): string[] {
  if (rows < 4) return [];
  const happenings = view.happenings.slice(-Math.min(6, Math.max(1, Math.floor((rows - 4) / 3))));
  const rings = view.rings.slice(-Math.max(0, rows - 4 - happenings.length));
  const room = columns - INDENT.length;
  return [
    "",
    INDENT + paint("dim", "CRITICAL, AS THEY COME"),
    ...rings.toReversed().map((ring) => INDENT + ringLine(ring, room, paint)),
    "",
    INDENT + paint("dim", "LATELY"),
    ...happenings.toReversed().map((one) => INDENT + happeningLine(one, room, paint)),
  ].slice(0, rows);
}

function ringLine({ at, what, waitedMs }: Ring, room: number, paint: Paint): string {
  const wait = pad(duration(waitedMs), 8, "right");
  const time = timeOfDay(at);
  const text = fit(printable(what), Math.max(0, room - time.length - wait.length - 4));
  return `${paint("dim", time)}  ${paint("red", wait)}  ${text}`;
}

function happeningLine({ at, level, text }: Happening, room: number, paint: Paint): string {
  const time = timeOfDay(at);
  const line = fit(printable(text), Math.max(0, room - time.length - 2));
  const style = LEVEL_STYLES[level];
  return `${paint("dim", time)}  ${style === undefined ? line : paint(style, line)}`;
}

/** The last values as bars, scaled to the highest. */
export function sparkline(values: readonly number[], width: number): string {
  const shown = values.slice(-width);
  const top = Math.max(1, ...shown);
  return shown
    .map((value) => BARS[Math.min(BARS.length - 1, Math.floor((value / top) * (BARS.length - 1) + 0.5))])
    .join("");
}

/** `01:23`, `1:02:03`. */
export function clock(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  const two = (value: number): string => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3_600);
  const tail = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return hours > 0 ? `${hours}:${tail}` : tail;
}

function timeOfDay(at: number): string {
  return Number.isFinite(at) ? new Date(at).toTimeString().slice(0, 8) : "--:--:--";
}
