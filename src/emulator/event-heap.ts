/** A heap of things to do, by instant and, within one instant, by the order in which they were planned. */

interface Planned {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** What comes next in the centre's own time. */
export class EventHeap {
  readonly #heap: Planned[] = [];
  #orders = 0;

  /** The instant of the next thing to do. */
  get nextAt(): number | undefined {
    return this.#heap[0]?.at;
  }

  push(at: number, run: () => void): void {
    const heap = this.#heap;
    const planned = { at, order: (this.#orders += 1), run };
    let hole = heap.length;
    heap.push(planned);
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (!isBefore(planned, heap[parent] as Planned)) break;
      heap[hole] = heap[parent] as Planned;
      hole = parent;
    }
    heap[hole] = planned;
  }

  /** Takes the next thing out. */
  pop(): { readonly at: number; readonly run: () => void } | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    let hole = 0;
    for (let child = 1; child < heap.length; child = hole * 2 + 1) {
      const right = child + 1;
      if (right < heap.length && isBefore(heap[right] as Planned, heap[child] as Planned)) child = right;
      if (!isBefore(heap[child] as Planned, last)) break;
      heap[hole] = heap[child] as Planned;
      hole = child;
    }
    heap[hole] = last;
    return top;
  }
}

function isBefore(a: Planned, b: Planned): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
