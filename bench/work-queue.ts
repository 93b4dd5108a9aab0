/**
 * What a steady cycle of admit, claim and settle costs in the synchronous core, at a given depth. Keyed: a tenth as many
 * keys as envelopes wait. Medians of five; printed with the machine and versions.
 *
 * `node bench/work-queue.ts [depth …]`
 */
import { cpus } from "node:os";
import { QueueCore } from "../src/core/queue-core.ts";
import type { NewEnvelope } from "../src/core/queue-verbs.ts";

const ROUNDS = 5;
const BATCH = 64;
const PORTION = 32 * BATCH;
const CYCLES = 60 * PORTION;
const PAYLOAD = new Uint8Array(1_024);

/** One way to run a cycle; peers are added here. */
interface Contender {
  readonly name: string;
  /** Fills a queue to a depth, then makes cycles ready, which the answered function runs: events are not made in its time. */
  readonly open: (depth: number) => (count: number) => () => void;
}

function ringfirst(name: string, keysOf: (depth: number) => number, dedupIds: number): Contender {
  return {
    name,
    open: (depth) => {
      const core = new QueueCore<Uint8Array>({
        classes: [
          { name: "critical", neverShed: true, minShare: 0 },
          { name: "high", neverShed: false, minShare: 0.1 },
          { name: "standard", neverShed: false, minShare: 0.05 },
        ],
        sinks: [{ name: "s", maxAttempts: 8, limits: { maxEvents: 2 * depth + BATCH, maxBytes: 2 ** 50 } }],
        dedup: { windowMs: 600_000, maxCount: dedupIds },
        deadLetters: { maxCount: 1_000 },
        ledger: { maxLines: 1_000 },
        sizeOf: (payload) => payload.byteLength,
        now: 0,
      });
      const keys = Array.from({ length: keysOf(depth) }, (_, index) => `conversation-${index}`);
      let given = 0;
      let time = 1;
      const batchOf = (count: number): NewEnvelope[] => {
        return Array.from({ length: count }, () => {
          given += 1;
          const rank = given % 10;
          return {
            id: `event-${given}`,
            class: rank === 0 ? "critical" : rank < 3 ? "high" : "standard",
            key: keys.length === 0 ? undefined : keys[(given * 7_919) % keys.length],
            payload: PAYLOAD,
            sinks: ["s"],
          };
        });
      };
      for (let left = depth; left > 0; left -= BATCH) core.admit(batchOf(Math.min(left, BATCH)), time);
      return (count) => {
        const batches = Array.from({ length: Math.ceil(count / BATCH) }, () => batchOf(BATCH));
        return () => {
          for (const batch of batches) {
            time += 1;
            core.admit(batch, time);
            const claimed = core.claim("s", { max: BATCH, leaseMs: 30_000 }, time);
            core.settle(
              claimed.map(({ token }) => ({ token, result: "ack" })),
              time,
            );
          }
        };
      };
    },
  };
}

const CONTENDERS: readonly Contender[] = [
  ringfirst("keyed", (depth) => Math.max(BATCH * 2, depth / 10), 0),
  ringfirst("keyed, dedup of 1,000,000 ids", (depth) => Math.max(BATCH * 2, depth / 10), 1_000_000),
  ringfirst("without keys", () => 0, 0),
];

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Cycles a second of the wall clock, and of the processor: on a busy machine only the second says something. */
function perSecond(contender: Contender, depth: number): { readonly wall: number; readonly cpu: number } {
  const prepare = contender.open(depth);
  round(prepare);
  const rates = Array.from({ length: ROUNDS }, () => round(prepare));
  return { wall: median(rates.map(({ wall }) => wall)), cpu: median(rates.map(({ cpu }) => cpu)) };
}

/** Events are made ready in portions that stay in the cache, as those fresh from a socket are. */
function round(prepare: (count: number) => () => void): { readonly wall: number; readonly cpu: number } {
  let wall = 0;
  let processor = 0;
  for (let done = 0; done < CYCLES; done += PORTION) {
    const cycle = prepare(PORTION);
    const from = performance.now();
    const cpuFrom = process.cpuUsage();
    cycle();
    const { user, system } = process.cpuUsage(cpuFrom);
    wall += performance.now() - from;
    processor += user + system;
  }
  return { wall: (CYCLES / wall) * 1_000, cpu: (CYCLES / processor) * 1_000_000 };
}

const depths = process.argv.slice(2).map(Number);
const cpu = cpus();
console.log(`node ${process.version}, ${cpu.length} x ${cpu[0]?.model ?? "?"}; cycles a second, median of ${ROUNDS}`);
for (const depth of depths.length > 0 ? depths : [1_000, 100_000, 1_000_000]) {
  for (const contender of CONTENDERS) {
    const { wall, cpu: processor } = perSecond(contender, depth);
    const [rate, cpuRate] = [wall, processor].map((value) => Math.round(value).toLocaleString("en").padStart(10));
    console.log(`depth ${depth.toLocaleString("en").padStart(9)}  ${rate}/s  ${cpuRate}/cpu s  ${contender.name}`);
  }
}
