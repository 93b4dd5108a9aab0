/**
 * The production logger: `pino` behind the logger port.
 *
 * ```
 *  service ─► redaction ─► pino ─► (terminal: one readable line) ─► destination ─► stderr
 *             names, text          (else: one JSON line)            never blocks
 * ```
 */
import { pino, type Logger as Pino } from "pino";
import type { LogFields, Logger } from "../ports/logger.ts";
import { fdDestination, type LogDestination } from "./log-destination.ts";
import { formatLogLine } from "./log-line.ts";
import { redactFields, redactText } from "./log-redaction.ts";

/** Least level that is written. */
export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** Options of {@link pinoLogger}. */
export interface PinoLoggerOptions {
  /** @defaultValue `"info"` */
  readonly level?: LogLevel;
  /** A file descriptor, or whatever takes lines. @defaultValue `2`, stderr */
  readonly destination?: number | Pick<LogDestination, "write">;
  /** One readable line each instead of JSON; `colors` for terminals that show them. @defaultValue JSON */
  readonly pretty?: { readonly colors: boolean };
}

/** A logger that owns its way out. */
export interface ProcessLogger extends Logger {
  /** Waits until what was logged is written, at most `withinMs`. @defaultValue half a second */
  flush(withinMs?: number): Promise<void>;
}

const FLUSH_MS = 500;

/**
 * A logger for a process.
 *
 * @example
 * ```ts
 * import { pinoLogger } from "./logger.ts";
 *
 * const logger = pinoLogger({ level: "info" });
 * logger.info({ source: "main", topics: 120 }, "subscribed");
 * ```
 */
export function pinoLogger(options: PinoLoggerOptions = {}): ProcessLogger {
  const { level = "info", destination = 2, pretty } = options;
  const show = (line: string): string => (pretty === undefined ? line : formatLogLine(line, pretty.colors));
  const target =
    typeof destination === "number"
      ? fdDestination(destination, { droppedNote: (count) => show(droppedLine(count)) })
      : destination;
  const instance = pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => target.write(show(line)) },
  );
  return { ...wrap(instance, {}), flush: (withinMs = FLUSH_MS) => flush(target, withinMs) };
}

/** Fields of children are kept here and not in pino: there, a field given again would stand twice in the line. */
function wrap(instance: Pino, own: LogFields): Logger {
  const at =
    (level: "debug" | "info" | "warn" | "error") =>
    (fields: LogFields, message: string): void => {
      if (instance.isLevelEnabled(level)) instance[level](redactFields({ ...own, ...fields }), redactText(message));
    };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (fields) => wrap(instance, { ...own, ...fields }),
  };
}

async function flush(target: Pick<LogDestination, "write"> & Partial<LogDestination>, withinMs: number): Promise<void> {
  await target.flush?.(withinMs);
}

function droppedLine(count: number): string {
  const msg = "log lines were dropped: whoever reads the log is too slow";
  return `${JSON.stringify({ level: "warn", time: new Date().toISOString(), count, msg })}\n`;
}
