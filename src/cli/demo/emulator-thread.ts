/** The demo's side of the emulator: starts its thread, and asks it over HTTP as anybody could. */
import { Worker } from "node:worker_threads";
import type { EmulatorOptions, LedgerPage } from "../../emulator/index.ts";
import { RingfirstError, type RingfirstErrorCode } from "../../errors.ts";
import { LEDGER_PAGE } from "./court.ts";

/** What the thread tells. */
export type FromEmulatorThread =
  | {
      readonly kind: "listening";
      readonly url: string;
      readonly clientId: string;
      readonly clientSecret: string;
      readonly agentCount: number;
      readonly queueCount: number;
    }
  | { readonly kind: "failed"; readonly code: RingfirstErrorCode | undefined; readonly message: string };

/** An emulator that runs beside the service. */
export interface EmulatorThread {
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly agentCount: number;
  readonly queueCount: number;
  /** Aborted when the thread has ended by itself. */
  readonly ended: AbortSignal;
  /** The centre opens; until then nothing is produced. */
  startTraffic(): Promise<void>;
  /** Nothing more is produced from here on. */
  stopTraffic(): Promise<void>;
  /** A page of the ledger after number `after`. */
  ledgerAfter(after: number): Promise<LedgerPage>;
  /** Closes the emulator and ends the thread. Idempotent. */
  close(): Promise<void>;
}

const REQUEST_MS = 10_000;
const CLOSE_MS = 3_000;

/** Starts the thread; resolves when the emulator listens. Rejects with what kept it from that. */
export function startEmulatorThread(options: Omit<EmulatorOptions, "clock" | "logger">): Promise<EmulatorThread> {
  // The compiler rewrites no URL: from src the worker is TypeScript, from dist it is JavaScript.
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const worker = new Worker(new URL(`./emulator-worker.${extension}`, import.meta.url), { workerData: options });
  return new Promise((resolve, reject) => {
    const ended = new AbortController();
    worker.once("message", (message: FromEmulatorThread) => {
      if (message.kind === "listening") resolve(toThread(worker, message, ended.signal));
      else
        reject(
          message.code === undefined ? new Error(message.message) : new RingfirstError(message.code, message.message),
        );
    });
    worker.once("error", (error) => {
      ended.abort(error);
      reject(error as Error);
    });
    worker.once("exit", () => {
      ended.abort(new Error("the emulator's thread has ended"));
      reject(new Error("the emulator's thread has ended before it listened"));
    });
  });
}

function toThread(
  worker: Worker,
  { kind: _kind, ...facts }: Extract<FromEmulatorThread, { kind: "listening" }>,
  ended: AbortSignal,
): EmulatorThread {
  let closing: Promise<void> | undefined;
  const call = async (path: string, init: RequestInit = {}): Promise<unknown> => {
    const signal = AbortSignal.any([ended, AbortSignal.timeout(REQUEST_MS)]);
    const response = await fetch(`${facts.url}/_emulator/${path}`, { ...init, signal });
    if (!response.ok) throw new Error(`the emulator answered ${response.status} to ${path}`);
    return response.json();
  };
  return {
    ...facts,
    ended,
    async startTraffic() {
      await call("traffic", { method: "POST", body: '{"running":true}' });
    },
    async stopTraffic() {
      await call("traffic", { method: "POST", body: '{"running":false}' });
    },
    ledgerAfter: async (after) => (await call(`ledger?after=${after}&limit=${LEDGER_PAGE}`)) as LedgerPage,
    close() {
      closing ??= closeThread(worker, ended);
      return closing;
    },
  };
}

async function closeThread(worker: Worker, ended: AbortSignal): Promise<void> {
  if (ended.aborted) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, CLOSE_MS);
    worker.once("exit", () => {
      clearTimeout(timer);
      resolve();
    });
    worker.postMessage("close", []);
  });
  await worker.terminate();
}
