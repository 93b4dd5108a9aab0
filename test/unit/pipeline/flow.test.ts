import { describe, expect, test } from "vitest";
import { createFlow } from "../../../src/pipeline/flow.ts";
import { createObservers } from "../../../src/pipeline/observers.ts";
import { SILENT_LOGGER } from "../../../src/ports/logger.ts";

function tally(name: string, live: boolean, calls: string[]) {
  return {
    paused: false,
    source: { live, pause: () => calls.push(`pause ${name}`), resume: () => calls.push(`resume ${name}`) },
  };
}

describe("flow", () => {
  test("a lagging intake holds all sources, a filling work queue only those that can wait", () => {
    const calls: string[] = [];
    const socket = tally("socket", true, calls);
    const http = tally("http", false, calls);
    const flow = createFlow([socket, http]);
    flow.pressed(true);
    expect(calls).toEqual(["pause http"]);
    flow.lagging(true);
    expect(calls).toEqual(["pause http", "pause socket"]);
    expect([socket.paused, http.paused]).toEqual([true, true]);
    flow.lagging(false);
    flow.lagging(false);
    expect(calls).toEqual(["pause http", "pause socket", "resume socket"]);
    flow.pressed(false);
    expect(calls.at(-1)).toBe("resume http");
  });
});

describe("observers", () => {
  test("a listener that throws stops neither the others nor the line, and is logged", () => {
    const logged: string[] = [];
    const observers = createObservers<{ gap: number }>({
      ...SILENT_LOGGER,
      error: (_fields, message) => logged.push(message),
    });
    const seen: number[] = [];
    observers.on("gap", () => {
      throw new Error("mine");
    });
    const stop = observers.on("gap", (n) => seen.push(n));
    observers.emit("gap", 1);
    stop();
    observers.emit("gap", 2);
    expect(seen).toEqual([1]);
    expect(logged).toEqual(Array(2).fill('a listener of "gap" threw; it goes on being called'));
    expect(observers.wants("gap")).toBe(true);
  });
});
