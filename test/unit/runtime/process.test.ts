import { EventEmitter } from "node:events";
import { describe, expect, test } from "vitest";
import { isProcessAlive, listenForStop, type StopRequests, type StopSignal } from "../../../src/runtime/process.ts";

interface Signals {
  readonly stop: StopRequests;
  readonly emitter: EventEmitter;
  /** Sends a signal so many milliseconds after the one before. */
  readonly send: (name: StopSignal, afterMs?: number) => void;
}

function signals(): Signals {
  const emitter = new EventEmitter();
  let time = 5;
  const stop = listenForStop(emitter, () => time);
  return {
    stop,
    emitter,
    send: (name, afterMs = 1_000) => {
      time += afterMs;
      emitter.emit(name, name);
    },
  };
}

describe("being asked to stop", () => {
  test("the first signal asks for a clean stop, the second means now, whichever they are", () => {
    const { stop, send } = signals();
    send("SIGTERM");
    expect(stop.soon.aborted).toBe(true);
    expect(stop.soon.reason).toEqual({ signal: "SIGTERM" });
    expect(stop.now.aborted).toBe(false);
    send("SIGINT");
    expect(stop.now.aborted).toBe(true);
    expect(stop.now.reason).toEqual({ signal: "SIGINT" });
  });

  test("one Ctrl-C that arrives twice, from the terminal and from npm, is one request", () => {
    const { stop, send } = signals();
    send("SIGINT");
    send("SIGINT", 2);
    send("SIGTERM", 297);
    expect(stop.soon.aborted).toBe(true);
    expect(stop.now.aborted).toBe(false);
  });

  test("somebody who presses Ctrl-C again means now, and the time runs from the first signal", () => {
    const { stop, send } = signals();
    send("SIGINT");
    send("SIGINT", 200);
    send("SIGINT", 101);
    expect(stop.now.aborted).toBe(true);
  });

  test("release gives the signals back", () => {
    const { stop, emitter } = signals();
    stop.release();
    stop.release();
    expect(emitter.eventNames()).toEqual([]);
  });

  test("a signal after a stop from within means now", () => {
    const { stop, send } = signals();
    stop.stop();
    expect(stop.soon.reason).toEqual({ signal: undefined });
    send("SIGHUP", 0);
    expect(stop.now.aborted).toBe(true);
  });

  test("this process lives, and one that can't be does not", () => {
    expect(isProcessAlive(process.pid)).toBe(true);
    expect(isProcessAlive(2 ** 30)).toBe(false);
  });
});
