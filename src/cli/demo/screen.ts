/**
 * A terminal taken over for a while: frames are drawn in place, and the terminal is given back as it was, however the process
 * ends (short of being killed).
 *
 *  S1  A frame is one write, marked as one update for terminals that know it; lines are overwritten, never cleared first: no flicker.
 *  S2  Cursor and main screen come back at `close`, at the end of the process, and while it is suspended (Ctrl-Z).
 */
import type { OutputStream } from "../output.ts";
import type { ViewSize } from "./view.ts";

/** A terminal that frames are drawn on. */
export interface Screen {
  draw(lines: readonly string[]): void;
  readonly size: ViewSize;
  /** Gives the terminal back. Idempotent. */
  close(): void;
}

/** The part of `process` that is needed. */
export interface ScreenProcess {
  on(name: ScreenSignal, listener: () => void): unknown;
  off(name: ScreenSignal, listener: () => void): unknown;
  readonly pid: number;
  kill(pid: number, signal: "SIGSTOP"): unknown;
}

type ScreenSignal = "exit" | "SIGTSTP" | "SIGCONT";

const ESC = "\u001B[";
const ENTER = `${ESC}?1049h${ESC}?25l${ESC}2J`;
const LEAVE = `${ESC}?25h${ESC}?1049l`;
const BEGIN_UPDATE = `${ESC}?2026h`;
const END_UPDATE = `${ESC}?2026l`;
const HOME = `${ESC}H`;
const TO_LINE_END = `${ESC}K`;
const TO_SCREEN_END = `${ESC}J`;
const DEFAULT_SIZE: ViewSize = { columns: 80, rows: 24 };

/** Takes the terminal over; `redraw` is called when its size changed or it came back from being suspended. */
export function openScreen(stream: OutputStream, redraw: () => void, host: ScreenProcess = process): Screen {
  let open = true;
  const write = (text: string): void => {
    if (stream.writable) stream.write(text);
  };
  const close = (): void => {
    if (!open) return;
    open = false;
    write(END_UPDATE + LEAVE);
    stream.off("resize", onResize);
    host.off("exit", close);
    host.off("SIGTSTP", onSuspend);
    host.off("SIGCONT", onContinue);
  };
  const onResize = (): void => {
    write(`${ESC}2J`);
    redraw();
  };
  const onSuspend = (): void => {
    write(END_UPDATE + LEAVE);
    host.kill(host.pid, "SIGSTOP");
  };
  const onContinue = (): void => {
    write(ENTER);
    redraw();
  };
  stream.on("resize", onResize);
  host.on("exit", close);
  host.on("SIGTSTP", onSuspend);
  host.on("SIGCONT", onContinue);
  write(ENTER);
  return {
    draw(lines) {
      if (!open) return;
      const body = lines.map((line) => line + TO_LINE_END).join("\r\n");
      write(BEGIN_UPDATE + HOME + body + TO_SCREEN_END + END_UPDATE);
    },
    get size() {
      return { columns: stream.columns ?? DEFAULT_SIZE.columns, rows: stream.rows ?? DEFAULT_SIZE.rows };
    },
    close,
  };
}
