import { cpSync, readFileSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { inventoryFile } from '#store/inventory/place.ts';
import { TestHome } from '#test/support/home.ts';
import { recordsOf } from '#test/support/records.ts';
import { NotStarted, ServerProcess } from '#test/support/server-process.ts';
import { InProcess, quiet } from './in-process.ts';

/** Why a server process does not start on this home. */
async function failure(home: TestHome): Promise<NotStarted> {
  try {
    await using server = await ServerProcess.start(home);
    throw new Error(`it serves at ${server.istio.port}`);
  } catch (thrown) {
    if (thrown instanceof NotStarted) return thrown;
    throw thrown;
  }
}

/** So many certificates more, in one life of a server. */
async function live(home: TestHome, certificates: number): Promise<void> {
  await using running = await InProcess.start(home);
  for (let n = 0; n < certificates; n++) expect(await running.ask()).toMatchObject({ code: 0 });
}

const checkpoints = (home: TestHome) =>
  ['audit/checkpoint.guard', 'audit/log/checkpoint'].map((file) => readFileSync(home.path(file), 'utf8'));

describe('a second server', () => {
  it('A-23: on the store of a running one does not start, says why, and exits with 4; the first one serves on', async () => {
    using home = new TestHome({ config: quiet });
    await using first = await InProcess.start(home);
    const before = first.records.length;
    const second = await failure(home);
    expect(second.ended).toEqual({ code: 4, signal: null });
    expect(second.stderr).toContain('another process has the store open');
    expect(second.stderr).toContain(home.path('audit', 'log.lock'));
    expect(first.records).toHaveLength(before);
    expect(await first.ask()).toMatchObject({ code: 0 });
    await first.close();
    await live(home, 1);
  });
});

describe('a store that was put back', () => {
  it('A-24: from an older copy beside what was signed since stops the start, and nothing is signed over', async () => {
    using home = new TestHome({ config: quiet });
    await live(home, 2);
    const older = recordsOf(home).length;
    cpSync(home.path('audit'), home.path('backup'), { recursive: true });
    await live(home, 3);
    const newer = recordsOf(home).length;
    const signed = checkpoints(home);
    for (const file of ['log.db', 'log.db-wal', 'log.db-shm', basename(inventoryFile('.'))])
      rmSync(home.path('audit', file), { force: true });
    cpSync(home.path('backup', 'log.db'), home.path('audit', 'log.db'));
    for (let attempt = 0; attempt < 2; attempt++) {
      const { ended, stderr } = await failure(home);
      expect(ended).toEqual({ code: 1, signal: null });
      expect(stderr).toContain(`speaks of ${newer} entries and the store has ${older}`);
      expect(stderr).toContain('must not be signed over');
    }
    expect(checkpoints(home)).toEqual(signed);
    expect(recordsOf(home)).toHaveLength(older);
  });

  it('A-24: together with its published files is told by the guard on another volume', async () => {
    using home = new TestHome({ config: quiet });
    const audit = Object(home.config).audit;
    home.write(
      'countersign.yaml',
      stringify({ ...home.config, audit: { ...audit, checkpointGuard: 'guard/checkpoint' } }),
    );
    await live(home, 1);
    cpSync(home.path('audit'), home.path('backup'), { recursive: true });
    await live(home, 1);
    const guard = readFileSync(home.path('guard', 'checkpoint'), 'utf8');
    rmSync(home.path('audit'), { recursive: true });
    cpSync(home.path('backup'), home.path('audit'), { recursive: true });
    const { ended, stderr } = await failure(home);
    expect(ended).toEqual({ code: 1, signal: null });
    expect(stderr).toContain(home.path('guard', 'checkpoint'));
    expect(readFileSync(home.path('guard', 'checkpoint'), 'utf8')).toBe(guard);
  });

  it('A-24: and is the same length as what was signed, but other, stops the start too', async () => {
    using home = new TestHome({ config: quiet });
    await live(home, 1);
    cpSync(home.path('audit'), home.path('backup'), { recursive: true });
    await live(home, 2);
    cpSync(home.path('audit'), home.path('true'), { recursive: true });
    // Another history from the same beginning, as long as the true one.
    rmSync(home.path('audit'), { recursive: true });
    cpSync(home.path('backup'), home.path('audit'), { recursive: true });
    await live(home, 2);
    for (const file of ['checkpoint.guard', 'log/checkpoint'])
      cpSync(home.path('true', file), home.path('audit', file));
    const { ended, stderr } = await failure(home);
    expect(ended).toEqual({ code: 1, signal: null });
    expect(stderr).toContain('was signed over other entries');
  });
});
