/** ringfirst's consumer: admit a wave, then claim, hand over and settle it, in memory. */
import type { NewEnvelope } from "../../src/ports/store.ts";
import type { ConsumeOptions, EnvelopeHandler } from "../../src/work-queue.ts";
import { createWorkQueue } from "../../src/work-queue.ts";
import type { Contender } from "../measure/contender.ts";
import { Stopwatch } from "../measure/stopwatch.ts";
import { CONCURRENCY, countdown, EVENTS, rankOf, roundOf, type Settings } from "./wave.ts";

const CLASSES = ["critical", "high", "standard"] as const;
const PAYLOAD = new Uint8Array(64);
const BATCH = 1_000;

interface Line {
  readonly keys: number;
  readonly isAsync?: boolean;
  readonly options?: ConsumeOptions;
}

const LINES: ReadonlyMap<string, Line> = new Map([
  ["no keys", { keys: 0 }],
  ["no keys, async handler", { keys: 0, isAsync: true }],
  ["keyed", { keys: 50_000 }],
  ["keyed, 32 hands kept for critical", { keys: 50_000, options: { reserve: { critical: 32 } } }],
]);

export const LINE_NAMES: readonly string[] = [...LINES.keys()];

export function open({ who, wave }: Settings): Contender {
  const line = LINES.get(who);
  if (line === undefined) throw new Error(`no line ${who}`);
  return {
    round: async () => {
      const [admission, dispatch] = [new Stopwatch(), new Stopwatch()];
      for (let from = 0; from < EVENTS; from += wave) await oneWave(line, admission, dispatch, from, wave);
      return roundOf(admission, dispatch);
    },
  };
}

async function oneWave(
  { keys, isAsync, options }: Line,
  admission: Stopwatch,
  dispatch: Stopwatch,
  from: number,
  wave: number,
): Promise<void> {
  const queue = await createWorkQueue({ sinks: [{ name: "sink" }] });
  const batches: NewEnvelope[][] = [];
  for (let at = 0; at < wave; at += BATCH) {
    batches.push(Array.from({ length: Math.min(BATCH, wave - at) }, (_, n) => envelope(from + at + n, keys)));
  }
  const { one, done } = countdown(wave);
  const handler: EnvelopeHandler = isAsync === true ? async () => one() : one;
  await admission.timeAsync(async () => {
    for (const batch of batches) await queue.admit(batch);
  });
  await dispatch.timeAsync(async () => {
    queue.consume("sink", handler, { concurrency: CONCURRENCY, ...options });
    await done;
    // Until the last settlement.
    await queue.close();
  });
}

function envelope(n: number, keys: number): NewEnvelope {
  const key = keys === 0 ? undefined : `conversation-${(n * 7_919) % keys}`;
  return { id: `event-${n}`, class: CLASSES[rankOf(n)] ?? "standard", key, payload: PAYLOAD, sinks: ["sink"] };
}
