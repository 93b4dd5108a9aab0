/** The windows of the disk bench: 1,024 events of 1 KB that don't compress, made before they are measured. */
import { randomBytes } from "node:crypto";
import type { Contender, Round } from "../measure/contender.ts";
import { Stopwatch } from "../measure/stopwatch.ts";

export const WINDOW = 1_024;
export const PAYLOAD_BYTES = 1_024;
/** In one round. */
export const WINDOWS = 48;
/** Windows on their way at once, where several are. */
export const IN_FLIGHT = 8;

export interface Settings {
  readonly who: string;
  /** A folder of its own on the disk that is measured. */
  readonly folder: string;
  readonly isPipelined: boolean;
}

/** Some payloads, taken in turn. */
const PAYLOADS = Array.from({ length: 4_096 }, () => new Uint8Array(randomBytes(PAYLOAD_BYTES)));

export interface WindowEvent {
  /** From 1, rising. */
  readonly seq: number;
  readonly payload: Uint8Array;
}

let given = 0;

export function nextWindow(): WindowEvent[] {
  return Array.from({ length: WINDOW }, () => {
    given += 1;
    return { seq: given, payload: PAYLOADS[given % PAYLOADS.length] ?? new Uint8Array(PAYLOAD_BYTES) };
  });
}

/** A store of any kind: both parts resolve when they will survive what the store promises. `W`: a window as it takes it. */
export interface WindowStore<W> {
  readonly prepare: (events: readonly WindowEvent[]) => W;
  readonly put: (window: W) => Promise<void> | void;
  readonly settle: (window: W) => Promise<void> | void;
  readonly close: () => Promise<void> | void;
}

/** One window after the other, or several at once: put durably, then settle durably. */
export function contenderOf<W>(store: WindowStore<W>, isPipelined: boolean): Contender {
  return { round: isPipelined ? () => pipelined(store) : () => oneByOne(store), close: store.close };
}

async function oneByOne<W>(store: WindowStore<W>): Promise<Round> {
  const [put, settle, both] = [new Stopwatch(), new Stopwatch(), new Stopwatch()];
  const windows = Array.from({ length: WINDOWS }, () => store.prepare(nextWindow()));
  await both.timeAsync(async () => {
    for (const window of windows) {
      await put.timeAsync(async () => store.put(window));
      await settle.timeAsync(async () => store.settle(window));
    }
  });
  const count = WINDOWS * WINDOW;
  return { put: put.sample(count), settle: settle.sample(count), whole: both.sample(count) };
}

async function pipelined<W>(store: WindowStore<W>): Promise<Round> {
  const windows = Array.from({ length: WINDOWS }, () => store.prepare(nextWindow())).values();
  const line = async (): Promise<void> => {
    for (const window of windows) {
      await store.put(window);
      await store.settle(window);
    }
  };
  const watch = new Stopwatch();
  await watch.timeAsync(async () => {
    await Promise.all(Array.from({ length: IN_FLIGHT }, line));
  });
  return { whole: watch.sample(WINDOWS * WINDOW) };
}
