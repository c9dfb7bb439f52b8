import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApiError } from '#kubernetes/api.ts';
import { calm, QueueBench } from './queue-bench.ts';

describe('a work queue', () => {
  it('takes keys in order, each once however often it was added', async () => {
    const bench = new QueueBench();
    bench.queue.add('first');
    for (const key of ['a', 'b', 'a', 'c', 'b']) bench.queue.add(key);
    for (const key of ['first', 'a', 'b', 'c']) await bench.done(key);
    expect(bench.begun).toEqual(['first', 'a', 'b', 'c']);
    expect(bench.queue.size).toBe(0);
  });

  it('never works on a key twice at once: what is added meanwhile has one more turn', async () => {
    const bench = new QueueBench({ concurrency: 4 });
    bench.queue.add('a');
    bench.queue.add('a');
    bench.queue.add('a');
    await calm();
    expect(bench.begun).toEqual(['a']);
    await bench.done('a');
    expect(bench.begun).toEqual(['a', 'a']);
    await bench.done('a');
    expect(bench.queue.size).toBe(0);
  });

  it('works on no more keys at once than it may', async () => {
    const bench = new QueueBench({ concurrency: 2 });
    for (const key of ['a', 'b', 'c']) bench.queue.add(key);
    await calm();
    expect([...bench.running.keys()]).toEqual(['a', 'b']);
    await bench.done('b');
    expect([...bench.running.keys()]).toEqual(['a', 'c']);
  });

  it('tries a key that fails again with waits that grow to a minute, and lets the others pass', async () => {
    const bench = new QueueBench();
    bench.queue.add('bad');
    bench.queue.add('good');
    await bench.fail('bad');
    await bench.done('good');
    for (const ms of [200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000]) {
      await bench.pace.pass(ms);
      await bench.fail('bad');
    }
    expect(bench.faults.at(-1)).toEqual(['bad', 12]);
    await bench.pace.pass(60_000);
    await bench.done('bad');
    expect(bench.queue.size).toBe(0);
    bench.queue.add('bad');
    await bench.fail('bad');
    expect(bench.pace.waits).toEqual([200]);
  });

  it('waits as long as the server asked for', async () => {
    const bench = new QueueBench();
    bench.queue.add('a');
    await bench.fail('a', new ApiError('busy', { status: 429, retryAfterMs: 7000 }));
    expect(bench.pace.waits).toEqual([7000]);
  });

  it('tries a failed key at once where something changed', async () => {
    const bench = new QueueBench();
    bench.queue.add('a');
    await bench.fail('a');
    bench.queue.add('a');
    await bench.done('a');
    expect(bench.begun).toEqual(['a', 'a']);
    expect(bench.pace.waits).toEqual([]);
  });

  it('looks again when the work asked for it, and when it was added for later', async () => {
    const bench = new QueueBench();
    bench.queue.addAfter('a', 500);
    await calm();
    expect(bench.begun).toEqual([]);
    await bench.pace.pass(500);
    await bench.done('a', 3000);
    await bench.pace.pass(3000);
    await bench.done('a');
    expect(bench.begun).toEqual(['a', 'a']);
    expect(bench.queue.size).toBe(0);
  });

  it('is bounded, and asks for all keys once there is room again', async () => {
    const all = ['a', 'b', 'c', 'd'];
    const bench = new QueueBench({ maxKeys: 2, refill: () => all });
    expect(all.map((key) => bench.queue.add(key))).toEqual([true, true, false, false]);
    expect(bench.queue.add('b')).toBe(true);
    for (let i = 0; i < 30 && !all.every((key) => bench.begun.includes(key)); i++) {
      const [key = ''] = bench.running.keys();
      await bench.done(key);
      expect(bench.queue.size).toBeLessThanOrEqual(2);
    }
    expect(new Set(bench.begun)).toEqual(new Set(all));
  });

  it('stops: what runs is told and waited for, nothing else begins', async () => {
    const bench = new QueueBench();
    for (const key of ['a', 'b']) bench.queue.add(key);
    await calm();
    let stopped = false;
    const stopping = bench.queue.stop().then(() => {
      stopped = true;
    });
    await calm();
    expect([bench.signal?.aborted, stopped]).toEqual([true, false]);
    await bench.done('a');
    await stopping;
    expect(bench.begun).toEqual(['a']);
    expect(bench.queue.add('c')).toBe(false);
    expect(bench.pace.waits).toEqual([]);
  });

  it('whatever is added and however work ends: every key has a turn that began after it was last added', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), key: fc.constantFrom('a', 'b', 'c', 'd', 'e') }),
      fc.record({ kind: fc.constantFrom('done' as const, 'fail' as const, 'time' as const), key: fc.constant('') }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.integer({ min: 1, max: 3 }),
        async (steps, concurrency) => {
          const bench = new QueueBench({ concurrency });
          const owed = new Set<string>();
          const seen = () => {
            for (const key of bench.begun.splice(0)) owed.delete(key);
          };
          for (const { kind, key } of steps) {
            const [running = ''] = bench.running.keys();
            if (kind === 'add') {
              owed.add(key);
              bench.queue.add(key);
            } else if (kind === 'done') bench.running.get(running)?.done();
            else if (kind === 'fail') bench.running.get(running)?.fail(new Error('no'));
            else bench.pace.advance(1000);
            await calm();
            seen();
            expect(bench.running.size).toBeLessThanOrEqual(concurrency);
          }
          while (bench.queue.size > 0) {
            for (const { done } of [...bench.running.values()]) done();
            bench.pace.advance(60_000);
            await calm();
            seen();
          }
          expect([...owed]).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });
});
