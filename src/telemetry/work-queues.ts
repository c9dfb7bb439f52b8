import { Counter, Gauge, type Registry } from 'prom-client';
import type { QueueLoad, QueueObserver } from '#kubernetes/queue-observer.ts';
import { Bounds, LatencyHistogram, renderHistograms } from './histogram.ts';

/** Those of controller-runtime, to the letter: client-go's own ten and two more. */
const bounds = new Bounds([
  ...['1e-08', '1e-07', '1e-06', '9.999999999999999e-06', '9.999999999999999e-05', '0.001', '0.01', '0.1'],
  ...['1', '10', '100', '1000'],
]);

class QueueCells implements QueueObserver {
  readonly waited = new LatencyHistogram(bounds);
  readonly worked = new LatencyHistogram(bounds);
  adds = 0;
  retries = 0;
  readonly #loads = new Set<() => QueueLoad>();

  watch(load: () => QueueLoad): () => void {
    this.#loads.add(load);
    return () => void this.#loads.delete(load);
  }

  /** Of all queues of this name. */
  get load(): QueueLoad {
    let [depth, unfinishedMs, longestMs] = [0, 0, 0];
    for (const read of this.#loads) {
      const load = read();
      depth += load.depth;
      unfinishedMs += load.unfinishedMs;
      longestMs = Math.max(longestMs, load.longestMs);
    }
    return { depth, unfinishedMs, longestMs };
  }

  added(): void {
    this.adds += 1;
  }

  began(waitedMs: number): void {
    this.waited.observe(waitedMs);
  }

  ended(workedMs: number): void {
    this.worked.observe(workedMs);
  }

  retried(): void {
    this.retries += 1;
  }
}

/**
 * The `workqueue_*` metrics of everybody's controllers, by the definitions of client-go; but what is looked at again because
 * it asked for that is no retry here.
 */
export class WorkQueueMetrics {
  readonly #queues = new Map<string, QueueCells>();

  constructor(registry: Registry) {
    const queues = this.#queues;
    const gauge = (name: string, help: string, pick: (load: QueueLoad) => number) =>
      new Gauge({
        name: `workqueue_${name}`,
        help,
        labelNames: ['name'],
        registers: [registry],
        collect() {
          this.reset();
          for (const [queue, { load }] of queues) this.set({ name: queue }, pick(load));
        },
      });
    const counter = (name: string, help: string, pick: (cells: QueueCells) => number) =>
      new Counter({
        name: `workqueue_${name}`,
        help,
        labelNames: ['name'],
        registers: [registry],
        collect() {
          this.reset();
          for (const [queue, cells] of queues) this.inc({ name: queue }, pick(cells));
        },
      });
    gauge('depth', 'Keys that wait for their turn.', ({ depth }) => depth);
    gauge(
      'unfinished_work_seconds',
      'How long the work has taken that has not ended yet, all of it together.',
      ({ unfinishedMs }) => unfinishedMs / 1000,
    );
    gauge(
      'longest_running_processor_seconds',
      'How long the longest work has taken that has not ended yet.',
      ({ longestMs }) => longestMs / 1000,
    );
    counter('adds_total', 'Keys that were put in; one that waits already is not counted again.', ({ adds }) => adds);
    counter('retries_total', 'Turns that failed and are tried again.', ({ retries }) => retries);
  }

  /** `name` is a fixed word; queues that do the same for several objects have one together. */
  of(name: string): QueueObserver {
    const cells = this.#queues.get(name) ?? new QueueCells();
    this.#queues.set(name, cells);
    return cells;
  }

  renderHistograms(): string {
    const series = (pick: (cells: QueueCells) => LatencyHistogram) =>
      [...this.#queues].map(([name, cells]) => [`name="${name}"`, pick(cells)] as const);
    const waited = series((cells) => cells.waited);
    const worked = series((cells) => cells.worked);
    return [
      renderHistograms('workqueue_queue_duration_seconds', 'How long a key waited for its turn.', waited),
      renderHistograms('workqueue_work_duration_seconds', 'How long a turn took, however it ended.', worked),
    ].join('');
  }
}
