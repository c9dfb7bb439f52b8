import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parsed } from '#test/cli/run-cli.ts';
import { describeWith } from '#test/oracles.ts';
import { logcheck } from './judges.ts';
import { ours } from './ours.ts';
import { harmless, keptSize, signers, sound, tamperings, unseen } from './tamperings.ts';
import { writeLog } from './written-log.ts';

const home = mkdtempSync(join(tmpdir(), 'countersign-tampered-'));
const published = join(home, 'published');
const kept = join(home, 'kept');
const { vkey } = signers.own;
beforeAll(async () => {
  // As a log leaves it that was published at both sizes.
  await writeLog(published, sound.slice(0, keptSize), signers.own);
  cpSync(join(published, 'checkpoint'), kept);
  await writeLog(published, sound, signers.own);
});
afterAll(() => rmSync(home, { recursive: true }));

async function copyWith(change: (directory: string) => unknown): Promise<string> {
  const copy = mkdtempSync(join(home, 'copy-'));
  cpSync(published, copy, { recursive: true });
  await change(copy);
  return copy;
}

const verify = (directory: string) => ours('audit', 'verify', directory, '--key', vkey, '--kept', kept, '--json');

/** Whether other people's programs find nothing, by the log alone and by what was kept of it. */
async function elsewhere(directory: string) {
  const [log, consistent] = await Promise.all([
    logcheck('log', vkey, directory),
    logcheck('consistent', vkey, kept, directory),
  ]);
  return { log: log.code === 0, kept: consistent.code === 0 };
}

describe('what somebody did to a published log', () => {
  it.each(Object.entries(tamperings))('A-13: %s: found, and where', async (_, { change, file, index }) => {
    const ran = await verify(await copyWith(change));
    const where = { file: file.replace(/^kept checkpoint$/, kept), ...(index !== undefined && { index }) };
    expect(parsed(ran)).toMatchObject({ verified: false, ...where });
    expect(ran.code).toBe(1);
  });

  it.each(Object.entries({ ...harmless, ...unseen }))('%s: nothing to be found', async (_, change) => {
    expect(await verify(await copyWith(change))).toMatchObject({ code: 0 });
  });
});

describeWith(['set:transparency'], 'what somebody did to a published log, in the eyes of others', () => {
  it('A-13: is found by whoever can find it', async () => {
    const expected: Record<string, unknown> = {};
    const found: Record<string, unknown> = {};
    for (const [what, { change, elsewhere: by }] of Object.entries(tamperings)) {
      const { log, kept } = await elsewhere(await copyWith(change));
      found[what] = { log, ...(by !== 'log' && { kept }) };
      expected[what] = by === 'log' ? { log: false } : { log: true, kept: by !== 'kept' };
    }
    expect(found).toEqual(expected);
  });

  it.each(Object.entries({ ...harmless, ...unseen }))('%s: nothing to be found', async (_, change) => {
    expect(await elsewhere(await copyWith(change))).toEqual({ log: true, kept: true });
  });
});
