import { EventEmitter } from "node:events";
import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { openScreen, type Screen } from "../../../src/cli/demo/screen.ts";

const HIDE = "\u001B[?25l";
const SHOW = "\u001B[?25h";
const OWN_SCREEN = "\u001B[?1049h";
const MAIN_SCREEN = "\u001B[?1049l";

interface Opened {
  readonly screen: Screen;
  readonly host: EventEmitter;
  readonly stream: PassThrough;
  /** What was written since it was last asked. */
  readonly written: () => string;
  readonly redraws: () => number;
  readonly kills: readonly string[];
}

function open(): Opened {
  const stream = new PassThrough();
  let written = "";
  stream.on("data", (chunk: Buffer) => (written += chunk.toString()));
  const kills: string[] = [];
  const host = Object.assign(new EventEmitter(), {
    pid: 7,
    kill: (pid: number, name: string) => kills.push(`${pid} ${name}`),
  });
  let redraws = 0;
  const screen = openScreen(Object.assign(stream, { columns: 90, rows: 20 }), () => (redraws += 1), host);
  const take = (): string => {
    const text = written;
    written = "";
    return text;
  };
  return { screen, host, stream, written: take, redraws: () => redraws, kills };
}

describe("the demo's screen", () => {
  test("takes the terminal over and gives it back, once", () => {
    const { screen, written, host } = open();
    expect(written()).toContain(OWN_SCREEN + HIDE);
    screen.close();
    screen.close();
    expect(written().split(MAIN_SCREEN)).toHaveLength(2);
    expect(host.eventNames()).toEqual([]);
    screen.draw(["late"]);
    expect(written()).toBe("");
  });

  test("gives it back when the process ends without asking", () => {
    const { host, written } = open();
    written();
    host.emit("exit");
    expect(written()).toContain(SHOW + MAIN_SCREEN);
  });

  test("a frame overwrites line by line and clears only what is left over", () => {
    const { screen, written } = open();
    written();
    screen.draw(["one", "two"]);
    expect(written()).toBe("\u001B[?2026h\u001B[Hone\u001B[K\r\ntwo\u001B[K\u001B[J\u001B[?2026l");
  });

  test("is drawn anew when its size changes and when it comes back from being suspended", () => {
    const { screen, host, stream, redraws, written, kills } = open();
    expect(screen.size).toEqual({ columns: 90, rows: 20 });
    stream.emit("resize");
    expect(redraws()).toBe(1);
    written();
    host.emit("SIGTSTP");
    expect(written()).toContain(MAIN_SCREEN);
    expect(kills).toEqual(["7 SIGSTOP"]);
    host.emit("SIGCONT");
    expect(redraws()).toBe(2);
    expect(written()).toContain(OWN_SCREEN);
  });
});
