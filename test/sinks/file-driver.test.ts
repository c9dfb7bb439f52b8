import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeEntry } from '#audit/entry.ts';
import type { Outcome } from '#sinks/driver.ts';
import { FileDriver } from '#sinks/files/file-driver.ts';
import { batchOf } from './rig.ts';

describe('files', () => {
  let directory: string;
  let driver: FileDriver;
  const options = { entries: 256, origin: 'log.test/mesh', extension: 'jsonl', head: new Uint8Array() };
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'countersign-files-'));
    driver = new FileDriver({ ...options, directory });
  });
  afterEach(async () => {
    await driver.close();
    rmSync(directory, { recursive: true });
  });

  /** Sends [from, to) as a delivery does; the memo that was given last. */
  async function send(from: number, to: number, memo?: string): Promise<string | undefined> {
    for (let at = from; ; ) {
      const outcome: Outcome = await driver.send(batchOf(at, to), memo);
      if (outcome.kind !== 'accepted') expect.fail(JSON.stringify(outcome));
      memo = outcome.memo;
      at = outcome.next ?? to;
      if (at === to) return memo;
    }
  }
  async function crash(): Promise<void> {
    await driver.close();
    driver = new FileDriver({ ...options, directory });
  }
  const listed = () => readdirSync(directory).toSorted();
  const seqsIn = (octets: Buffer) =>
    octets
      .toString()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => decodeEntry(Buffer.from(line)).seq);
  const finished = () =>
    listed()
      .filter((name) => name.endsWith('.gz'))
      .flatMap((name) => seqsIn(gunzipSync(readFileSync(join(directory, name)))));
  const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);
  const part = 'audit-log.test_mesh-000000000000.jsonl.part';

  it('A-30: hold a whole range of the log each, compressed, and sha256sum finds them whole', async () => {
    await send(0, 600);
    expect(listed()).toEqual([
      'audit-log.test_mesh-000000000000-000000000255.jsonl.gz',
      'audit-log.test_mesh-000000000000-000000000255.jsonl.gz.sha256',
      'audit-log.test_mesh-000000000256-000000000511.jsonl.gz',
      'audit-log.test_mesh-000000000256-000000000511.jsonl.gz.sha256',
      'audit-log.test_mesh-000000000512.jsonl.part',
    ]);
    expect(finished()).toEqual(numbers(0, 512));
    const sums = listed().filter((name) => name.endsWith('.sha256'));
    execFileSync('sha256sum', ['--check', '--strict', '--status', ...sums], { cwd: directory });
  });

  it.each([
    ['after rows that the cursor never heard of', () => appendFileSync(join(directory, part), '{"torn":')],
    ['with nothing lost', () => {}],
  ])('go on where the cursor is after a crash %s', async (_, damage) => {
    const memo = await send(0, 100);
    damage();
    await crash();
    const later = await send(100, 200, memo);
    expect(seqsIn(readFileSync(join(directory, part)))).toEqual(numbers(0, 200));
    await crash();
    await send(200, 256, later);
    expect(finished()).toEqual(numbers(0, 256));
  });

  it('are not begun again after a crash between the finished file and the cursor', async () => {
    const memo = await send(0, 100);
    await send(100, 256, memo);
    const before = readFileSync(join(directory, listed()[0] ?? ''));
    await crash();
    await send(100, 300, memo);
    expect(finished()).toEqual(numbers(0, 256));
    expect(readFileSync(join(directory, listed()[0] ?? ''))).toEqual(before);
    expect(seqsIn(readFileSync(join(directory, 'audit-log.test_mesh-000000000256.jsonl.part')))).toEqual(
      numbers(256, 300),
    );
  });

  it.each([
    ['gone', () => unlinkSync(join(directory, part))],
    ['shorter', () => truncateSync(join(directory, part), 10)],
  ])('go on under another name where what was written is %s', async (_, damage) => {
    const memo = await send(0, 100);
    damage();
    await crash();
    await send(100, 256, memo);
    expect(finished()).toEqual(numbers(100, 256));
  });

  it('say what is wrong with their folder, and leave nothing behind where nothing is', async () => {
    expect(await driver.probe()).toEqual({ kind: 'accepted' });
    expect(listed()).toEqual([]);
    const blocked = new FileDriver({ ...options, directory: '/dev/null/exports' });
    await expect(blocked.probe()).rejects.toThrow(/ENOTDIR/);
  });
});
