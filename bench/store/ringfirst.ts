/**
 * ringfirst's store on disk, both ways: window by window, so that every payload is really written; and as the service runs, with a
 * consumer attached, where what is settled before its group is written need not be written any more.
 */
import { join } from "node:path";
import type { NewEnvelope } from "../../src/ports/store.ts";
import { sqliteStore } from "../../src/stores/sqlite/index.ts";
import { createWorkQueue, type WorkQueue } from "../../src/work-queue.ts";
import type { Contender, Round } from "../measure/contender.ts";
import { Stopwatch } from "../measure/stopwatch.ts";
import { contenderOf, IN_FLIGHT, nextWindow, type Settings, WINDOW, type WindowEvent, WINDOWS } from "./window.ts";

const CLASSES = ["standard", "standard", "high", "standard", "critical"] as const;
/** More than a window has events, so that a window can be in flight as a whole. */
const KEYS = 50_000;

export async function open({ who, folder, isPipelined }: Settings): Promise<Contender> {
  const sync = who === "process" ? "process" : "full";
  const queue = await createWorkQueue({
    sinks: [{ name: "sink" }],
    store: sqliteStore({ path: join(folder, "queue.db"), sync }),
  });
  return isPipelined ? consumed(queue) : contenderOf(windowByWindow(queue), false);
}

function envelopes(events: readonly WindowEvent[]): NewEnvelope[] {
  return events.map(({ seq, payload }) => ({
    id: `event-${seq}`,
    class: CLASSES[seq % CLASSES.length] ?? "standard",
    key: `conversation-${(seq * 7_919) % KEYS}`,
    payload,
    sinks: ["sink"],
  }));
}

function windowByWindow(queue: WorkQueue) {
  return {
    prepare: envelopes,
    put: async (window: readonly NewEnvelope[]): Promise<void> => void (await queue.admit(window)),
    settle: async (): Promise<void> => {
      const claimed = await queue.claim("sink", { max: WINDOW });
      if (claimed.length !== WINDOW) throw new Error(`${claimed.length} of ${WINDOW} were claimed`);
      const ends = await queue.settle(claimed.map(({ token }) => ({ token, result: "ack" })));
      if (ends.includes("stale")) throw new Error("a lease was over");
    },
    close: async (): Promise<void> => void (await queue.close()),
  };
}

function consumed(queue: WorkQueue): Contender {
  let left = 0;
  let done = Promise.withResolvers<void>();
  const settled = (): void => {
    left -= 1;
    if (left === 0) done.resolve();
  };
  queue.consume("sink", () => undefined, { concurrency: WINDOW, listener: { settled } });
  const round = async (): Promise<Round> => {
    const windows = Array.from({ length: WINDOWS }, () => envelopes(nextWindow())).values();
    left = WINDOWS * WINDOW;
    done = Promise.withResolvers();
    const line = async (): Promise<void> => {
      for (const window of windows) await queue.admit(window);
    };
    const watch = new Stopwatch();
    await watch.timeAsync(async () => {
      await Promise.all([...Array.from({ length: IN_FLIGHT }, line), done.promise]);
    });
    return { whole: watch.sample(WINDOWS * WINDOW) };
  };
  return { round, close: async () => void (await queue.close()) };
}
