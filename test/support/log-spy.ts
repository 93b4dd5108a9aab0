/** A logger that keeps its lines. */
import type { LogFields, Logger } from "../../src/ports/logger.ts";

/** One line. */
export interface SpyLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly fields: LogFields;
  readonly message: string;
}

/** A logger with its lines. */
export interface LogSpy extends Logger {
  readonly lines: SpyLine[];
  /** All lines as text, errors with their causes and stacks, as a careless log would write them. */
  text(): string;
}

export function createLogSpy(): LogSpy {
  const lines: SpyLine[] = [];
  const at =
    (level: SpyLine["level"]) =>
    (fields: LogFields, message: string): void => {
      lines.push({ level, fields, message });
    };
  const spy: LogSpy = {
    lines,
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: () => spy,
    text: () => lines.map(({ level, fields, message }) => `${level} ${message} ${show(fields)}`).join("\n"),
  };
  return spy;
}

function show(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    member instanceof Error ? [String(member), member.stack, member.cause, Object.entries(member)] : member,
  );
}
