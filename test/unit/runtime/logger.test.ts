import { describe, expect, test } from "vitest";
import { pinoLogger, type PinoLoggerOptions } from "../../../src/runtime/logger.ts";

function capture(options: PinoLoggerOptions = {}): { lines: string[]; logger: ReturnType<typeof pinoLogger> } {
  const lines: string[] = [];
  const logger = pinoLogger({ ...options, destination: { write: (line) => lines.push(line) } });
  return { lines, logger };
}

describe("the process's logger", () => {
  test("writes one JSON line with level, time, fields and message", () => {
    const { lines, logger } = capture();
    logger.info({ source: "main", topics: 3 }, "subscribed");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/\n$/);
    const { time, ...rest } = JSON.parse(lines[0] ?? "") as Record<string, unknown>;
    expect(rest).toEqual({ level: "info", source: "main", topics: 3, msg: "subscribed" });
    expect(new Date(String(time)).toISOString()).toBe(time);
  });

  test("says nothing below its level", () => {
    const { lines, logger } = capture({ level: "warn" });
    logger.debug({}, "a");
    logger.info({}, "b");
    logger.warn({}, "c");
    logger.error({}, "d");
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(["c", "d"]);
  });

  test("a child adds its fields, redacted as all are", () => {
    const { lines, logger } = capture();
    logger.child({ source: "main", token: "canary-1" }).error({ password: "canary-2" }, "failed with Bearer canary-3");
    expect(lines[0]).not.toContain("canary");
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ source: "main", token: "[redacted]", password: "[redacted]" });
  });

  test("a field given again stands once in the line", () => {
    const { lines, logger } = capture();
    logger.child({ source: "main" }).child({ channel: 1 }).info({ source: "main", channel: 2 }, "moved");
    expect(lines[0]?.match(/"source"/g)).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ source: "main", channel: 2 });
  });

  test("a readable line has the time of day, the level, the message and the fields", () => {
    const { lines, logger } = capture({ pretty: { colors: false } });
    logger.warn({ code: 1006, reason: "no close frame" }, "socket closed");
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} warn {2}socket closed {2}code=1006 {2}reason="no close frame"\n$/);
  });

  test("foreign text can't paint on the terminal or begin a new line", () => {
    const { lines, logger } = capture({ pretty: { colors: false } });
    logger.info({ topic: "x\u001B[2J\ny" }, "hello\r\nworld\u001B]0;title\u0007");
    expect(lines).toHaveLength(1);
    // eslint-disable-next-line no-control-regex
    expect((lines[0] ?? "").trimEnd()).not.toMatch(/[\u0000-\u001F\u007F-\u009F]/);
  });
});
