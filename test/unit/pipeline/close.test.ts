import { describe, expect, test } from "vitest";
import { closeLine, type CloseSteps } from "../../../src/pipeline/close.ts";
import { SILENT_LOGGER } from "../../../src/ports/logger.ts";
import { createFakeClock } from "../../../src/testing/fake-clock.ts";

function rig(durable: boolean) {
  const clock = createFakeClock();
  const done: string[] = [];
  const backlog = { waiting: 0, inFlight: 0 };
  const listeners = new Set<() => void>();
  const steps: CloseSteps = {
    clock,
    logger: SILENT_LOGGER,
    budgetMs: 1_000,
    durable,
    closeSources: async () => void done.push("sources"),
    closeIngest: async () => {
      done.push("ingest");
      return 0;
    },
    backlog: async () => ({ ...backlog }),
    onSettled(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stopDeliveries: async (budgetMs) => {
      done.push(`deliveries within ${budgetMs}`);
      return { aborted: 0 };
    },
    release: async () => void done.push("release"),
  };
  const settle = (left: number): void => {
    backlog.waiting = left;
    for (const tell of listeners) tell();
  };
  return { clock, done, backlog, steps, settle, listening: () => listeners.size > 0 };
}

describe("a clean stop", () => {
  test("goes along the line: sources, intake, deliveries, release", async () => {
    const { steps, done } = rig(true);
    await expect(closeLine(steps)).resolves.toEqual({
      finished: 0,
      aborted: 0,
      waiting: 0,
      unadmitted: 0,
      tookMs: 0,
      clean: true,
    });
    expect(done).toEqual(["sources", "ingest", "deliveries within 1000", "release"]);
  });

  test("empties a store that keeps nothing, as far as the budget goes", async () => {
    const { steps, clock, done, backlog, settle, listening } = rig(false);
    backlog.waiting = 2;
    const closing = closeLine(steps);
    await clock.advance(400);
    settle(1);
    await clock.settle();
    expect(done).not.toContain("release");
    settle(0);
    await clock.settle();
    await expect(closing).resolves.toMatchObject({ finished: 2, waiting: 0, clean: true, tookMs: 400 });
    expect(done).toContain("deliveries within 600");
    expect(listening()).toBe(false);
    expect(clock.timerCount).toBe(0);
  });

  test("keeps the end of the budget for what is in flight", async () => {
    const { steps, clock, done, backlog } = rig(false);
    backlog.waiting = 5;
    const closing = closeLine(steps);
    await clock.advance(799);
    expect(done).not.toContain("deliveries within 200");
    await clock.advance(1);
    expect(done).toContain("deliveries within 200");
    await clock.advance(200);
    await expect(closing).resolves.toMatchObject({ waiting: 5, clean: false });
  });

  test("says what the budget did not reach: gone with the memory store, kept with a durable one", async () => {
    const memory = rig(false);
    memory.backlog.waiting = 3;
    const closing = closeLine(memory.steps);
    await memory.clock.advance(1_000);
    await expect(closing).resolves.toMatchObject({ waiting: 3, clean: false });

    const durable = rig(true);
    durable.backlog.waiting = 3;
    await expect(closeLine(durable.steps)).resolves.toMatchObject({ waiting: 3, clean: true });
  });

  test("a signal ends the waiting at once, even when a provider hangs", async () => {
    const { steps, clock, backlog } = rig(false);
    backlog.inFlight = 1;
    const stop = new AbortController();
    const closing = closeLine({ ...steps, closeSources: () => new Promise(() => undefined) }, stop.signal);
    await clock.settle();
    stop.abort();
    await expect(closing).resolves.toMatchObject({ tookMs: 0 });
  });
});
