/** Admits the backlog, in batches of 1,000 of which four are on their way at once, and closes the queue. */
import { randomBytes } from "node:crypto";
import { openQueue, PAYLOAD_BYTES, settledRss } from "./queue.ts";

export interface FillSettings {
  readonly path: string;
  readonly events: number;
  readonly keys: number;
}

export interface Filled {
  readonly rssBefore: number;
  readonly rss: number;
  readonly peakRss: number;
  readonly perSecond: number;
}

const BATCH = 1_000;
const IN_FLIGHT = 4;

export async function run({ path, events, keys }: FillSettings): Promise<Filled> {
  const rssBefore = await settledRss();
  const queue = await openQueue(path);
  const bytes = randomBytes(2 ** 20);
  let given = 0;
  const envelope = () => {
    given += 1;
    const from = (given * 617) % (bytes.length - PAYLOAD_BYTES);
    // A copy: each event holds bytes of its own, as one from a socket does.
    const payload = new Uint8Array(bytes.subarray(from, from + PAYLOAD_BYTES));
    const key = `conversation-${(given * 7_919) % keys}`;
    return { id: `event-${given}`, class: "standard", key, payload, sinks: ["sink"] };
  };
  const line = async (): Promise<void> => {
    for (let left = events - given; left > 0; left = events - given) {
      const answers = await queue.admit(Array.from({ length: Math.min(BATCH, left) }, envelope));
      if (answers.some(({ status }) => status !== "admitted")) throw new Error("an event was not admitted");
    }
  };
  const from = performance.now();
  await Promise.all(Array.from({ length: IN_FLIGHT }, line));
  const perSecond = (events / (performance.now() - from)) * 1_000;
  const rss = await settledRss();
  await queue.close();
  return { rssBefore, rss, peakRss: process.resourceUsage().maxRSS * 1_024, perSecond };
}
