import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WorkQueueOptions } from '#kubernetes/work-queue.ts';
import { Metrics } from '#telemetry/metrics.ts';
import { calm, QueueBench } from '#test/kubernetes/queue-bench.ts';
import { describeWith } from '#test/oracles.ts';
import { scrape } from './scrape.ts';

const newMetrics = () => new Metrics({ clock: { now: () => 0 }, version: '1.2.3', process: false });

/** A queue, and what is told of it. */
function observed(options: Partial<WorkQueueOptions> = {}) {
  const metrics = newMetrics();
  const bench = new QueueBench({ observer: metrics.queues.of('issuers'), ...options });
  const told = async (...names: readonly string[]) => {
    const series = await scrape(metrics);
    return names.map((name) => series.get(`workqueue_${name}{name="issuers"}`));
  };
  return { metrics, bench, queue: bench.queue, told };
}

/** Only what is about queues. */
const ofQueues = (text: string) =>
  text
    .split('\n')
    .filter((line) => /^(# (HELP|TYPE) )?workqueue_/.test(line))
    .map((line) => `${line}\n`)
    .join('');

describe('the metrics of a work queue', () => {
  it('are at zero for a queue that did nothing yet', async () => {
    const { told } = observed();
    expect(
      await told(
        ...['depth', 'adds_total', 'retries_total', 'unfinished_work_seconds', 'longest_running_processor_seconds'],
        ...['queue_duration_seconds_count', 'work_duration_seconds_count', 'work_duration_seconds_sum'],
      ),
    ).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it("have the buckets of controller-runtime, in Go's own words", async () => {
    const { metrics, bench, queue } = observed();
    queue.add('a');
    bench.pace.advance(1500);
    await bench.done('a');
    const lines = (await metrics.render()).match(/^workqueue_work_duration_seconds_bucket.*$/gm);
    expect(lines?.map((line) => /le="(.*)"} (\d+)$/.exec(line)?.slice(1).join(' '))).toEqual([
      ...['1e-08 0', '1e-07 0', '1e-06 0', '9.999999999999999e-06 0', '9.999999999999999e-05 0'],
      ...['0.001 0', '0.01 0', '0.1 0', '1 0', '10 1', '100 1', '1000 1', '+Inf 1'],
    ]);
  });

  it('keep queues apart', async () => {
    const metrics = newMetrics();
    const [one, other] = ['issuers', 'podcertificaterequests'].map(
      (name) => new QueueBench({ observer: metrics.queues.of(name) }),
    );
    one?.queue.add('a');
    other?.queue.add('a');
    other?.queue.add('b');
    const series = await scrape(metrics);
    expect(series.get('workqueue_adds_total{name="issuers"}')).toBe(1);
    expect(series.get('workqueue_adds_total{name="podcertificaterequests"}')).toBe(2);
    expect(series.get('workqueue_depth{name="issuers"}')).toBe(0);
    expect(series.get('workqueue_depth{name="podcertificaterequests"}')).toBe(1);
  });

  it('count a key once while it waits, and once more when it is asked for again during its turn', async () => {
    const { bench, queue, told } = observed();
    queue.add('a');
    for (const key of ['b', 'b', 'b']) queue.add(key);
    expect(await told('adds_total', 'depth')).toEqual([2, 1]);
    queue.add('a');
    queue.add('a');
    expect(await told('adds_total', 'depth')).toEqual([3, 2]);
    for (const key of ['a', 'b', 'a']) await bench.done(key);
    expect(await told('adds_total', 'depth', 'queue_duration_seconds_count')).toEqual([3, 0, 3]);
  });

  it('time how long a key waited since it was first asked for, and how long each turn took, however it ended', async () => {
    const { bench, queue, told } = observed();
    bench.pace.advance(7000);
    queue.add('a');
    queue.add('b');
    bench.pace.advance(3000);
    queue.add('b');
    bench.pace.advance(2000);
    await bench.done('a');
    expect(await told('queue_duration_seconds_sum', 'queue_duration_seconds_count')).toEqual([5, 2]);
    expect(await told('work_duration_seconds_sum', 'work_duration_seconds_count')).toEqual([5, 1]);
    bench.pace.advance(1000);
    await bench.fail('b');
    expect(await told('work_duration_seconds_sum', 'work_duration_seconds_count')).toEqual([6, 2]);
  });

  it('tell of work that hangs for as long as it hangs, though nothing ends', async () => {
    const { bench, queue, told } = observed({ concurrency: 2 });
    const hanging = () => told('unfinished_work_seconds', 'longest_running_processor_seconds', 'depth');
    queue.add('a');
    bench.pace.advance(60_000);
    queue.add('b');
    queue.add('c');
    expect(await hanging()).toEqual([60, 60, 1]);
    bench.pace.advance(600_000);
    expect(await hanging()).toEqual([1260, 660, 1]);
    await bench.done('a');
    expect(await hanging()).toEqual([600, 600, 0]);
    for (const key of ['b', 'c']) await bench.done(key);
    expect(await hanging()).toEqual([0, 0, 0]);
  });

  it('count a retry for each failure; a key that waits for its next try waits for no turn', async () => {
    const { bench, queue, told } = observed();
    queue.add('a');
    await bench.fail('a');
    expect(await told('retries_total', 'depth', 'adds_total')).toEqual([1, 0, 1]);
    expect(queue.size).toBe(1);
    await bench.pace.pass(200);
    expect(await told('retries_total', 'depth', 'adds_total')).toEqual([1, 0, 2]);
    queue.add('a');
    await bench.fail('a');
    expect(await told('retries_total', 'adds_total')).toEqual([2, 3]);
    await bench.done('a');
    expect(await told('retries_total', 'adds_total', 'work_duration_seconds_count')).toEqual([2, 3, 3]);
  });

  it('count no retry where the work asked for another look, or was added for later', async () => {
    const { bench, queue, told } = observed();
    queue.addAfter('a', 500);
    expect(await told('adds_total', 'depth')).toEqual([0, 0]);
    await bench.pace.pass(500);
    await bench.done('a', 3000);
    await bench.pace.pass(3000);
    await bench.done('a');
    expect(await told('retries_total', 'adds_total')).toEqual([0, 2]);
  });

  it('leave out what a full queue turned away until there is room for it', async () => {
    const all = ['a', 'b', 'c', 'd'];
    const { bench, queue, told } = observed({ maxKeys: 2, refill: () => all });
    for (const key of all) queue.add(key);
    expect(await told('adds_total', 'depth')).toEqual([2, 1]);
    while (queue.size > 0) {
      const [key = ''] = bench.running.keys();
      await bench.done(key);
      const [adds = 0, begun = 0, depth] = await told('adds_total', 'queue_duration_seconds_count', 'depth');
      expect(depth).toBe(adds - begun);
      expect(depth).toBeLessThan(2);
    }
    expect(new Set(bench.begun)).toEqual(new Set(all));
  });

  it('are at rest once the queue is stopped; what is called off then is no retry', async () => {
    const { bench, queue, told } = observed();
    for (const key of ['a', 'b', 'a']) queue.add(key);
    const stopping = queue.stop();
    expect(await told('depth')).toEqual([0]);
    await bench.fail('a');
    await stopping;
    expect(queue.add('c')).toBe(false);
    expect(await told('depth', 'unfinished_work_seconds', 'retries_total', 'adds_total')).toEqual([0, 0, 0, 3]);
  });

  it('add up those of several queues that have one name', async () => {
    const { metrics, bench, queue, told } = observed();
    const other = new QueueBench({ observer: metrics.queues.of('issuers') });
    for (const key of ['a', 'b', 'c']) queue.add(key);
    for (const key of ['a', 'b']) other.queue.add(key);
    bench.pace.advance(60_000);
    other.pace.advance(20_000);
    expect(await told('adds_total', 'depth')).toEqual([5, 3]);
    expect(await told('unfinished_work_seconds', 'longest_running_processor_seconds')).toEqual([80, 60]);
  });

  it('go on where they were when a queue takes the place of another', async () => {
    const { metrics, bench, queue, told } = observed();
    queue.add('a');
    await bench.done('a');
    await queue.stop();
    const next = new QueueBench({ observer: metrics.queues.of('issuers') });
    for (const key of ['a', 'b']) next.queue.add(key);
    expect(await told('adds_total', 'depth')).toEqual([3, 1]);
  });

  it('add up, whatever is added and however work ends', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), key: fc.constantFrom('a', 'b', 'c', 'd', 'e') }),
      fc.record({ kind: fc.constantFrom('done' as const, 'fail' as const, 'again' as const, 'time' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.integer({ min: 1, max: 3 }),
        async (steps, concurrency) => {
          const { bench, queue, told } = observed({ concurrency });
          let failures = 0;
          for (const each of steps) {
            const [running] = bench.running.values();
            if (each.kind === 'add') queue.add(each.key);
            else if (each.kind === 'done') running?.done();
            else if (each.kind === 'again') running?.done(500);
            else if (each.kind === 'time') bench.pace.advance(1000);
            else if (running !== undefined) {
              failures += 1;
              running.fail(new Error('no'));
            }
            await calm();
            const [adds = 0, depth = 0] = await told('adds_total', 'depth');
            const [begun = 0, ended = 0] = await told('queue_duration_seconds_count', 'work_duration_seconds_count');
            expect([begun + depth, ended + bench.running.size]).toEqual([adds, begun]);
            expect(await told('retries_total')).toEqual([failures]);
          }
        },
      ),
      { numRuns: 30 },
    );
  });
});

describeWith(['promtool'], 'in the eyes of Prometheus', (judge) => {
  const check = (input: string) =>
    execFileSync(judge('promtool'), ['check', 'metrics'], { input, encoding: 'utf8', stdio: 'pipe' });

  it('the metrics of queues are well formed and well named', async () => {
    const { metrics, bench, queue } = observed();
    for (const key of ['a', 'b']) queue.add(key);
    await bench.fail('a');
    const text = ofQueues(await metrics.render());
    expect(text.match(/^# TYPE /gm)).toHaveLength(7);
    expect(check(text)).toBe('');
    expect(() => check(text.replaceAll('adds_total', 'adds'))).toThrow();
  });
});
