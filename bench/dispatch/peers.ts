/** p-queue and fastq: held back until the wave is in, then let go, until the last handler has ended. */
import type { Contender } from "../measure/contender.ts";
import { Stopwatch } from "../measure/stopwatch.ts";
import { CONCURRENCY, countdown, EVENTS, rankOf, roundOf, type Settings } from "./wave.ts";

/** A queue that is held back, and its tasks, made ready. */
interface Prepared {
  readonly admit: () => void;
  readonly dispatch: () => Promise<void>;
}

type Peer = (from: number, wave: number) => Prepared;

/** No more than an argument for the handler: what a task is for fastq. */
interface Task {
  readonly id: string;
}

const PEERS: ReadonlyMap<string, () => Promise<Peer>> = new Map([
  ["p-queue", pQueue],
  ["fastq", fastQ],
  ["fastq.promise", fastQPromise],
]);

export async function open({ who, wave }: Settings): Promise<Contender> {
  const prepare = await PEERS.get(who)?.();
  if (prepare === undefined) throw new Error(`no peer ${who}`);
  return {
    round: async () => {
      const [admission, dispatch] = [new Stopwatch(), new Stopwatch()];
      for (let from = 0; from < EVENTS; from += wave) {
        const prepared = prepare(from, wave);
        admission.time(prepared.admit);
        await dispatch.timeAsync(prepared.dispatch);
      }
      return roundOf(admission, dispatch);
    },
  };
}

async function pQueue(): Promise<Peer> {
  const { default: PQueue } = await import("p-queue");
  return (from, wave) => {
    const queue = new PQueue({ concurrency: CONCURRENCY, autoStart: false });
    const { one, done } = countdown(wave);
    const options = [0, 1, 2].map((rank) => ({ priority: -rank }));
    const order = Array.from({ length: wave }, (_, n) => options[rankOf(from + n)] ?? { priority: 0 });
    const handler = async (): Promise<void> => one();
    return {
      admit: () => {
        for (const each of order) void queue.add(handler, each);
      },
      dispatch: async () => {
        queue.start();
        await done;
        await queue.onIdle();
      },
    };
  };
}

async function fastQ(): Promise<Peer> {
  const { default: fastq } = await import("fastq");
  return (from, wave) => {
    const { one, done } = countdown(wave);
    // Ended at once, each would begin the next inside itself, and a long wave run out of stack.
    const queue = fastq<Task>((_task, ended) => {
      one();
      queueMicrotask(() => ended(null));
    }, CONCURRENCY);
    return held(queue, from, wave, done);
  };
}

async function fastQPromise(): Promise<Peer> {
  const { default: fastq } = await import("fastq");
  return (from, wave) => {
    const { one, done } = countdown(wave);
    return held(
      fastq.promise<Task>(async () => one(), CONCURRENCY),
      from,
      wave,
      done,
    );
  };
}

function held(
  queue: { push(task: Task): unknown; pause(): void; resume(): void },
  from: number,
  wave: number,
  done: Promise<void>,
): Prepared {
  const tasks = Array.from({ length: wave }, (_, n): Task => ({ id: `event-${from + n}` }));
  queue.pause();
  return {
    admit: () => {
      for (const task of tasks) void queue.push(task);
    },
    dispatch: async () => {
      queue.resume();
      await done;
    },
  };
}
