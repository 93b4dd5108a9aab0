/** One JSON log line as a person reads it: `21:20:19.123 warn  socket closed  source=main code=1006`. */

const RESET = "\u001B[0m";
const DIM = "\u001B[2m";
const LEVEL_COLORS: Readonly<Record<string, string>> = {
  debug: DIM,
  info: "\u001B[36m",
  warn: "\u001B[33m",
  error: "\u001B[31m",
};

/** The readable form, with its newline. A line that is no JSON object is handed back as it is. */
export function formatLogLine(line: string, colors: boolean): string {
  const entry = parse(line);
  if (entry === undefined) return line;
  const { level, time, msg, ...fields } = entry;
  const paint = (color: string, text: string): string => (colors && color !== "" ? `${color}${text}${RESET}` : text);
  const label = String(level);
  const head = `${paint(DIM, clockTime(time))} ${paint(LEVEL_COLORS[label] ?? "", label.padEnd(5))} ${text(msg)}`;
  const tail = Object.entries(fields).map(([name, value]) => `${paint(DIM, `${name}=`)}${show(value)}`);
  return `${[head, ...tail].join("  ")}\n`;
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** Local time of day: the day is known to whoever sits there. */
function clockTime(time: unknown): string {
  const at = new Date(String(time));
  if (Number.isNaN(at.getTime())) return "--:--:--.---";
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}

/** Text without blanks stays bare. */
function show(value: unknown): string {
  if (typeof value === "string" && /^[^\s"=]+$/u.test(value)) return value;
  return JSON.stringify(value) ?? "";
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
