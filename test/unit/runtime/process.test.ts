import { EventEmitter } from "node:events";
import { describe, expect, test } from "vitest";
import { isProcessAlive, listenForStop, type StopSignal } from "../../../src/runtime/process.ts";

function signals(): { emitter: EventEmitter; send: (name: StopSignal) => void } {
  const emitter = new EventEmitter();
  return { emitter, send: (name) => emitter.emit(name, name) };
}

describe("being asked to stop", () => {
  test("the first signal asks for a clean stop, the second means now, whichever they are", () => {
    const { emitter, send } = signals();
    const stop = listenForStop(emitter);
    send("SIGTERM");
    expect(stop.soon.aborted).toBe(true);
    expect(stop.soon.reason).toEqual({ signal: "SIGTERM" });
    expect(stop.now.aborted).toBe(false);
    send("SIGINT");
    expect(stop.now.aborted).toBe(true);
    expect(stop.now.reason).toEqual({ signal: "SIGINT" });
  });

  test("release gives the signals back", () => {
    const { emitter } = signals();
    const stop = listenForStop(emitter);
    stop.release();
    stop.release();
    expect(emitter.eventNames()).toEqual([]);
  });

  test("a signal after a stop from within means now", () => {
    const { emitter, send } = signals();
    const stop = listenForStop(emitter);
    stop.stop();
    expect(stop.soon.reason).toEqual({ signal: undefined });
    send("SIGHUP");
    expect(stop.now.aborted).toBe(true);
  });

  test("this process lives, and one that can't be does not", () => {
    expect(isProcessAlive(process.pid)).toBe(true);
    expect(isProcessAlive(2 ** 30)).toBe(false);
  });
});
