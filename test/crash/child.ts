/**
 * One life of a work queue on disk: it offers, its handlers work and fail, and it says on descriptor 3 what happens, each
 * line before it goes on. It ends as its parent wants: killed at any moment, at a named crash point by its own hand, by
 * SIGTERM in peace, or when all is worked off.
 *
 * Kill tests are kill tests: what the process wrote is in the kernel and survives it, so nothing here says anything about
 * fsync or loss of power.
 */
import { writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { AdmitResult, NewEnvelope, StoreDriver } from "../../src/ports/store.ts";
import type { WorkQueue } from "../../src/work-queue.ts";
import { createWorkQueue } from "../../src/work-queue.ts";
import { sqliteStoreForTests } from "../../src/stores/sqlite/driver.ts";
import { dead } from "../../src/core/outcome.ts";
import type { HistoryLine } from "./history.ts";
import { toLine } from "./history.ts";
import type { JournalFault } from "./journal-store.ts";
import { journalStore } from "./journal-store.ts";
import { chances, deedOf, envelopeOf, LIMITS, MAX_ATTEMPTS, payloadOf, SINKS } from "./load.ts";
import type { LifePlan } from "./plan.ts";

const PIPE = 3;
const plan = JSON.parse(process.argv[2] ?? "") as LifePlan;
let stopping = false;
let followers = 0;

/** Blocks until the parent's pipe has it. */
function say(line: HistoryLine): void {
  const bytes = Buffer.from(toLine(line));
  for (let from = 0; from < bytes.length;) {
    try {
      from += writeSync(PIPE, bytes, from);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
  }
}

function storeOf({ store, path, fault }: LifePlan): StoreDriver {
  if (store === "journal") return journalStore(path, fault as JournalFault | undefined);
  return sqliteStoreForTests({ path }, { probe: new URL("probe.ts", import.meta.url).href, ballastBytes: 0 });
}

async function live(): Promise<void> {
  const queue = await createWorkQueue({
    classes: [{ name: "critical" }, { name: "high", minShare: 0 }, { name: "standard", minShare: 0 }],
    sinks: SINKS.map((name) => ({ name, maxAttempts: MAX_ATTEMPTS, limits: LIMITS })),
    ledger: { maxLines: 1_000_000 },
    store: storeOf(plan),
    drainMs: 50,
  });
  say({ e: "opened" });
  process.on("SIGTERM", () => {
    stopping = true;
    void close(queue);
  });
  await tryOldTokens(queue);
  for (const sink of SINKS) consume(queue, sink);
  await offerAll(queue);
  if (plan.finish) await finish(queue);
  // Nothing to do is no reason to end.
  setInterval(() => undefined, 1_000);
}

async function close(queue: WorkQueue): Promise<void> {
  await queue.close();
  say({ e: "closed" });
  process.exit(0);
}

async function tryOldTokens(queue: WorkQueue): Promise<void> {
  const answers = await queue.settle(plan.oldTokens.map((token) => ({ token, result: "ack" })));
  say({ e: "fenced", taken: answers.filter((answer) => answer === "settled").length });
}

function consume(queue: WorkQueue, sink: string): void {
  queue.consume(
    sink,
    async ({ id, seq, key, attempt, token, redriven, payload }) => {
      const intact = Buffer.compare(payload, payloadOf(plan.seed, id)) === 0;
      say({ e: "handed", sink, id, seq, key: key ?? null, attempt, token, redriven, intact });
      const { result, tookMs } = deedOf(plan.seed, `${sink} ${id}`, attempt);
      if (tookMs > 0) await sleep(tookMs);
      say({ e: "ended", sink, token, result });
      if (result === "ack" && key !== undefined) follow(queue, key, `${sink} ${id}`);
      if (result === "retry") throw new Error("not now");
      return result === "dead" ? dead("never") : undefined;
    },
    {
      concurrency: 6,
      retry: { initialMs: 1, maxMs: 10 },
      listener: {
        settled: (_, { token }) => say({ e: "settled", sink, token }),
        stale: (_, { token }) => say({ e: "stale", sink, token }),
      },
    },
  );
}

/** The conversation goes on: its next event comes in the moment in which this one is done. */
function follow(queue: WorkQueue, key: string, after: string): void {
  if (stopping || (chances(plan.seed, "follow", after)[0] ?? 0) % 100 >= plan.followed) return;
  followers += 1;
  const id = `${plan.round}-f${followers}:${key}`;
  setImmediate(() => void offer(queue, [envelopeOf(plan.seed, id)]));
}

/** First what had no answer, then what is new; several batches are on their way at once. */
async function offerAll(queue: WorkQueue): Promise<void> {
  const fresh = Array.from({ length: plan.offers }, (_, index) => `${plan.round}-${index}`);
  const ids = [...plan.again, ...fresh];
  const pending = new Set<Promise<void>>();
  for (let from = 0, n = 0; from < ids.length; n += 1) {
    if (stopping) break;
    const [size, pace] = chances(plan.seed, "batch", plan.round, n);
    const batch = ids.slice(from, from + 1 + ((size ?? 0) % 6)).map((id) => envelopeOf(plan.seed, id));
    from += batch.length;
    const offered = offer(queue, batch).finally(() => pending.delete(offered));
    pending.add(offered);
    if (pending.size >= 4) await Promise.race(pending);
    else if ((pace ?? 0) % 4 === 0) await sleep((pace ?? 0) % 5);
  }
  await Promise.all(pending);
}

async function offer(queue: WorkQueue, batch: readonly NewEnvelope[]): Promise<void> {
  say({ e: "offered", items: batch.map(({ id, key, sinks }) => ({ id, key: key ?? null, sinks })) });
  let answers: readonly AdmitResult[];
  try {
    answers = await queue.admit(batch);
  } catch (error) {
    // A queue that closes refuses: the offers had no answer.
    if (stopping) return;
    throw error;
  }
  say({ e: "answered", items: answers.map((answer, index) => toldAnswer(batch[index]?.id ?? "", answer)) });
}

function toldAnswer(
  id: string,
  answer: AdmitResult,
): Extract<HistoryLine, { readonly e: "answered" }>["items"][number] {
  if (!("seq" in answer)) return { id, status: answer.status };
  const { status, seq, refusedBy = [] } = answer;
  return { id, status, seq, refusedBy: refusedBy.map(({ sink }) => sink) };
}

async function finish(queue: WorkQueue): Promise<void> {
  for (;;) {
    const { sinks } = await queue.stats();
    if (Object.values(sinks).every(({ waiting, inFlight }) => waiting + inFlight === 0)) break;
    await sleep(5);
  }
  const { sinks } = await queue.stats();
  const told: Record<string, Extract<HistoryLine, { readonly e: "final" }>["sinks"][string]> = {};
  for (const sink of SINKS) {
    const letters = await queue.deadLetters({ sink, limit: 1_000_000 });
    told[sink] = {
      admitted: sinks[sink]?.admitted ?? 0,
      acked: sinks[sink]?.acked ?? 0,
      waiting: sinks[sink]?.waiting ?? 0,
      inFlight: sinks[sink]?.inFlight ?? 0,
      dead: letters.map(({ id, seq, attempts }) => ({ id, seq, attempts: attempts.length })),
    };
  }
  const ledger = (await queue.ledger({ limit: 1_000_000 })).map(({ sink, reason, id }) => ({ sink, reason, id }));
  say({ e: "final", sinks: told, ledger });
  await close(queue);
}

await live();
