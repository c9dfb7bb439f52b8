import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KilledLog } from './killed-log.ts';

describe('a log whose disk is full', () => {
  let log: KilledLog;
  beforeEach(() => {
    log = new KilledLog();
  });
  afterEach(() => log.destroy());

  it('A-22: releases nothing after the failed write, says so once, does not try again', async () => {
    // A limit on the size of a file: the write that passes it fails as one on a full disk does.
    const limited = ['/bin/sh', '-c', `ulimit -f 2048; exec "$0" "$@"`, process.execPath];
    const ended = await log.run({}, () => {}, limited);
    expect(ended.code).toBe(0);
    expect(ended.lines.filter((line) => line.startsWith('failed'))).toHaveLength(1);
    expect(ended.lines.at(-1)).toBe('refused log.unavailable then log.unavailable');
    const failedAt = ended.lines.findIndex((line) => line.startsWith('failed'));
    expect(ended.lines.slice(failedAt + 1)).toEqual(['refused log.unavailable then log.unavailable']);
    expect(ended.acknowledged.size).toBeGreaterThan(0);
    const ids = await log.recovered();
    for (const [index, id] of ended.acknowledged) expect(ids[index]).toBe(id);
  });
});
