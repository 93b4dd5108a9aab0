/** Five published heaps in the same cycle: push and pop. One number orders their items, which is the form that suits them best. */
import type { Contender } from "../measure/contender.ts";
import { Stopwatch } from "../measure/stopwatch.ts";
import { BATCH, CYCLES, PORTION } from "./cycle.ts";
import { Events, type HeapItem } from "./events.ts";

export interface Settings {
  readonly heap: string;
  readonly depth: number;
  readonly keys: number;
}

interface Heap {
  readonly push: (item: HeapItem) => unknown;
  readonly pop: () => HeapItem | null | undefined;
}

const compare = (a: HeapItem, b: HeapItem): number => a.order - b.order;

const HEAPS: ReadonlyMap<string, () => Promise<Heap>> = new Map<string, () => Promise<Heap>>([
  [
    "heap-js",
    async () => {
      const { Heap } = await import("heap-js");
      const heap = new Heap(compare);
      return { push: (item) => heap.push(item), pop: () => heap.pop() };
    },
  ],
  [
    "tinyqueue",
    async () => {
      const { default: TinyQueue } = await import("tinyqueue");
      const heap = new TinyQueue<HeapItem>([], compare);
      return { push: (item) => heap.push(item), pop: () => heap.pop() };
    },
  ],
  [
    "flatqueue",
    async () => {
      const { default: FlatQueue } = await import("flatqueue");
      const heap = new FlatQueue<HeapItem>();
      return { push: (item) => heap.push(item, item.order), pop: () => heap.pop() };
    },
  ],
  [
    "fastpriorityqueue",
    async () => {
      const { default: FastPriorityQueue } = await import("fastpriorityqueue");
      const heap = new FastPriorityQueue<HeapItem>((a, b) => a.order < b.order);
      return { push: (item) => heap.add(item), pop: () => heap.poll() };
    },
  ],
  [
    "@datastructures-js/priority-queue",
    async () => {
      const { PriorityQueue } = await import("@datastructures-js/priority-queue");
      const heap = new PriorityQueue(compare);
      return { push: (item) => heap.enqueue(item), pop: () => heap.dequeue() };
    },
  ],
]);

export const HEAP_NAMES: readonly string[] = [...HEAPS.keys()];

export async function open({ heap: name, depth, keys }: Settings): Promise<Contender> {
  const heap = await HEAPS.get(name)?.();
  if (heap === undefined) throw new Error(`no heap ${name}`);
  const events = new Events(keys);
  for (let left = depth; left > 0; left -= BATCH) events.items(Math.min(left, BATCH)).forEach(heap.push);
  let bytes = 0;
  const cycle = (batch: readonly HeapItem[]): void => {
    for (const item of batch) heap.push(item);
    for (let n = 0; n < BATCH; n += 1) bytes += heap.pop()?.payload.byteLength ?? Number.NaN;
  };
  return {
    round: () => {
      const watch = new Stopwatch();
      for (let done = 0; done < CYCLES; done += PORTION) {
        const batches = Array.from({ length: PORTION / BATCH }, () => events.items(BATCH));
        watch.time(() => batches.forEach(cycle));
      }
      if (Number.isNaN(bytes)) throw new Error("the heap ran empty");
      return { whole: watch.sample(CYCLES) };
    },
  };
}
