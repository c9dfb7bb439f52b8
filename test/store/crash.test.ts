import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { faultPoints } from '#store/fault.ts';
import { KilledLog } from './killed-log.ts';
import type { Ended } from './load-process.ts';

/** COUNTERSIGN_KILLS=n runs n random kills; six of them fit into a test run. */
const randomKills = Number(process.env.COUNTERSIGN_KILLS ?? 6);

describe('a log whose process is killed', () => {
  let log: KilledLog;
  beforeAll(() => {
    log = new KilledLog();
  });
  afterAll(() => log.destroy());

  async function expectWhole(ended: Ended): Promise<void> {
    expect(ended.signal).toBe('SIGKILL');
    const ids = await log.recovered();
    for (const [index, id] of ended.acknowledged) expect(ids[index]).toBe(id);
    expect(new Set(ids).size).toBe(ids.length);
  }

  it.each(faultPoints.flatMap((point) => [[point, 1] as const, [point, 7] as const]))(
    'A-20: at %s, pass %i, keeps all that it acknowledged, each once',
    async (point, pass) => {
      const ended = await log.run({ COUNTERSIGN_FAULTS: '1', COUNTERSIGN_FAULT: `${point}:${pass}` });
      await expectWhole(ended);
    },
  );

  it(`A-20: ${randomKills} times at random under load, keeps all that it acknowledged, each once`, async () => {
    for (let round = 0; round < randomKills; round++) {
      let left = Math.floor(Math.random() * 400);
      const ended = await log.run({}, (_, child) => {
        if (left-- === 0) child.kill('SIGKILL');
      });
      expect(ended.acknowledged.size).toBeGreaterThan(0);
      await expectWhole(ended);
    }
  }, 600_000);

  it('a fault is not honoured without COUNTERSIGN_FAULTS=1', async () => {
    const ended = await log.run({ COUNTERSIGN_FAULT: 'batch.received:1' }, (line, child) => {
      if (line !== 'open') child.kill('SIGTERM');
    });
    expect(ended.signal).toBe('SIGTERM');
  });
});
