/** p-queue and fastq: held back until the wave is in, then let go, until the last handler has ended. */
import type { Contender } from "../measure/contender.ts";
import { Stopwatch } from "../measure/stopwatch.ts";
import { CONCURRENCY, countdown, EVENTS, rankOf, type Settings } from "./wave.ts";

interface Peer {
  /** Makes the queue and its tasks ready; what it answers is measured. */
  readonly prepare: (from: number, wave: number) => () => Promise<void>;
}

/** No more than an argument for the handler: what a task is for these. */
interface Task {
  readonly id: string;
}

const PEERS: ReadonlyMap<string, () => Promise<Peer>> = new Map([
  ["p-queue", pQueue],
  ["fastq", fastQ],
  ["fastq.promise", fastQPromise],
]);

export async function open({ who, wave }: Settings): Promise<Contender> {
  const peer = await PEERS.get(who)?.();
  if (peer === undefined) throw new Error(`no peer ${who}`);
  return {
    round: async () => {
      const watch = new Stopwatch();
      for (let from = 0; from < EVENTS; from += wave) await watch.timeAsync(peer.prepare(from, wave));
      return watch.sample(EVENTS);
    },
  };
}

async function pQueue(): Promise<Peer> {
  const { default: PQueue } = await import("p-queue");
  return {
    prepare: (from, wave) => {
      const queue = new PQueue({ concurrency: CONCURRENCY, autoStart: false });
      const { one, done } = countdown(wave);
      const options = [0, 1, 2].map((rank) => ({ priority: -rank }));
      const order = Array.from({ length: wave }, (_, n) => options[rankOf(from + n)] ?? { priority: 0 });
      const handler = async (): Promise<void> => one();
      return async () => {
        for (const each of order) void queue.add(handler, each);
        queue.start();
        await done;
        await queue.onIdle();
      };
    },
  };
}

async function fastQ(): Promise<Peer> {
  const { default: fastq } = await import("fastq");
  return {
    prepare: (from, wave) => {
      const { one, done } = countdown(wave);
      const queue = fastq<Task>((_task, ended) => {
        one();
        ended(null);
      }, CONCURRENCY);
      return released(queue, tasks(from, wave), done);
    },
  };
}

async function fastQPromise(): Promise<Peer> {
  const { default: fastq } = await import("fastq");
  return {
    prepare: (from, wave) => {
      const { one, done } = countdown(wave);
      return released(
        fastq.promise<Task>(async () => one(), CONCURRENCY),
        tasks(from, wave),
        done,
      );
    },
  };
}

function tasks(from: number, wave: number): Task[] {
  return Array.from({ length: wave }, (_, n) => ({ id: `event-${from + n}` }));
}

function released(
  queue: { push(task: Task): unknown; pause(): void; resume(): void },
  tasks: readonly Task[],
  done: Promise<void>,
): () => Promise<void> {
  return async () => {
    queue.pause();
    for (const task of tasks) void queue.push(task);
    queue.resume();
    await done;
  };
}
