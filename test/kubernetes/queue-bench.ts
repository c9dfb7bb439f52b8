import { WorkQueue, type WorkQueueOptions } from '#kubernetes/work-queue.ts';
import { FakePace, until } from './fake-pace.ts';

/** A queue whose work ends when the test says so. */
export class QueueBench {
  readonly pace = new FakePace();
  readonly begun: string[] = [];
  readonly running = new Map<string, { done: (waitMs?: number) => void; fail: (thrown: unknown) => void }>();
  readonly faults: [string, number][] = [];
  readonly queue: WorkQueue;
  signal: AbortSignal | undefined;

  constructor(options: Partial<WorkQueueOptions> = {}) {
    this.queue = new WorkQueue({
      work: (key, signal) =>
        new Promise<number | undefined>((resolve, reject) => {
          if (this.running.has(key)) throw new Error(`${key} twice at once`);
          this.signal = signal;
          this.begun.push(key);
          this.running.set(key, { done: resolve, fail: reject });
        }).finally(() => this.running.delete(key)),
      onFault: (key, _, failures) => void this.faults.push([key, failures]),
      pace: this.pace,
      ...options,
    });
  }

  async done(key: string, waitMs?: number): Promise<void> {
    await until(() => this.running.has(key));
    this.running.get(key)?.done(waitMs);
    await calm();
  }

  async fail(key: string, thrown: unknown = new Error('no')): Promise<void> {
    await until(() => this.running.has(key));
    this.running.get(key)?.fail(thrown);
    await calm();
  }
}

/** Until what was to happen at once has happened. */
export const calm = async () => {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
};
