/**
 * One contender, in a process of its own: told its module and settings, opens it, and runs a round whenever the parent says so.
 * What it holds after opening is measured too: everything that stays alive of what it was given.
 */
import { setImmediate } from "node:timers/promises";
import type { Sample } from "./stopwatch.ts";

/** What one round took, by its parts. */
export type Round = Readonly<Record<string, Sample>>;

/** What a contender's module answers when it is opened. */
export interface Contender {
  /** By the part of the round that was measured; `whole` where there is only one. */
  readonly round: () => Promise<Round> | Round;
  readonly close?: () => Promise<void> | void;
}

/** What a contender's module exports. */
export interface ContenderModule<Settings> {
  readonly open: (settings: Settings) => Promise<Contender> | Contender;
}

/** What the process tells its parent. */
export type Told =
  | { readonly kind: "open"; readonly heldBytes: number }
  | { readonly kind: "round"; readonly round: Round }
  | { readonly kind: "failed"; readonly why: string };

if (process.argv[2] === "--contender") await serve(process.argv[3] ?? "", JSON.parse(process.argv[4] ?? "null"));

async function serve(module: string, settings: unknown): Promise<void> {
  try {
    const { open } = (await import(module)) as ContenderModule<unknown>;
    const before = await heldBytes();
    const contender = await open(settings);
    const after = await heldBytes();
    process.on("message", (order) => void obey(contender, order === "close"));
    tell({ kind: "open", heldBytes: after - before });
  } catch (error) {
    fail(error);
  }
}

async function obey(contender: Contender, isOver: boolean): Promise<void> {
  try {
    if (!isOver) return tell({ kind: "round", round: await contender.round() });
    await contender.close?.();
    process.disconnect();
  } catch (error) {
    fail(error);
  }
}

/** Heap and what lies beside it (`external` counts array buffers too), after everything dead is gone. */
async function heldBytes(): Promise<number> {
  for (let n = 0; n < 3; n += 1) {
    globalThis.gc?.();
    await setImmediate();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function tell(told: Told): void {
  process.send?.(told);
}

function fail(error: unknown): void {
  tell({ kind: "failed", why: error instanceof Error ? error.message : String(error) });
}
