interface Due {
  /** When, epoch ms. */
  readonly due: number;
  readonly sensor: number;
}

/** Sensors in order of the time at which something is due, and of their ids at the same time: a binary heap. */
export class DueQueue {
  #heap: Due[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** The earliest time at which something is due; Infinity: nothing is. */
  get next(): number {
    return this.#heap[0]?.due ?? Number.POSITIVE_INFINITY;
  }

  push(due: number, sensor: number): void {
    const heap = this.#heap;
    const entry = { due, sensor };
    let i = heap.length;
    for (;;) {
      const parent = (i - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(entry, above)) break;
      heap[i] = above;
      i = parent;
    }
    heap[i] = entry;
  }

  /** Drops all entries but the wanted ones. */
  retain(isWanted: (due: number, sensor: number) => boolean): void {
    const wanted = this.#heap.filter(({ due, sensor }) => isWanted(due, sensor));
    this.#heap = [];
    for (const { due, sensor } of wanted) this.push(due, sensor);
  }

  /** Removes and returns the earliest entry if it is due by then. */
  take(by: number): Due | undefined {
    return this.next <= by ? this.#pop() : undefined;
  }

  #pop(): Due | undefined {
    const heap = this.#heap;
    const last = heap.pop();
    const first = heap[0];
    if (first === undefined || last === undefined) return last;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      const right = heap[child + 1];
      let below = heap[child];
      if (below !== undefined && right !== undefined && isBefore(right, below)) {
        below = right;
        child++;
      }
      if (below === undefined || !isBefore(below, last)) break;
      heap[i] = below;
      i = child;
    }
    heap[i] = last;
    return first;
  }
}

function isBefore(one: Due, other: Due): boolean {
  return one.due < other.due || (one.due === other.due && one.sensor < other.sensor);
}
