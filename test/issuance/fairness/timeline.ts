/** What happens when, in order of time and, at one time, of asking: a binary heap. */
export class Timeline {
  readonly #heap: { readonly at: number; readonly order: number; readonly run: () => void }[] = [];
  #asked = 0;
  now = 0;

  /** `at` in ms. */
  schedule(at: number, run: () => void): void {
    const heap = this.#heap;
    const event = { at, order: this.#asked++, run };
    let slot = heap.length;
    while (slot > 0) {
      const above = (slot - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !before(event, parent)) break;
      heap[slot] = parent;
      slot = above;
    }
    heap[slot] = event;
  }

  /** Until nothing is left, or `until` is reached. */
  run(until = Number.POSITIVE_INFINITY): void {
    for (let next = this.#heap[0]; next !== undefined && next.at <= until; next = this.#heap[0]) {
      this.#pop();
      this.now = next.at;
      next.run();
    }
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let slot = 0;
    for (;;) {
      const left = heap[2 * slot + 1];
      const right = heap[2 * slot + 2];
      if (left === undefined) break;
      const goesRight = right !== undefined && before(right, left);
      const child = goesRight ? right : left;
      if (!before(child, last)) break;
      heap[slot] = child;
      slot = 2 * slot + (goesRight ? 2 : 1);
    }
    heap[slot] = last;
  }
}

interface Event {
  readonly at: number;
  readonly order: number;
}

const before = (a: Event, b: Event) => a.at < b.at || (a.at === b.at && a.order < b.order);
