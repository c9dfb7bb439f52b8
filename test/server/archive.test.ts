import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { describeWith } from '#test/oracles.ts';
import { filesUnder } from '#test/store/files-under.ts';
import { TestHome } from '#test/support/home.ts';
import { fillLog } from '#test/support/old-log.ts';
import { fsck } from '#test/transparency/judges.ts';
import { ours } from '#test/transparency/ours.ts';
import { InProcess, quiet } from './in-process.ts';

const dayMs = 86_400_000;
const minuteMs = 60_000;

function homeWith(audit: object): TestHome {
  const home = new TestHome({ config: quiet });
  const own = { ...Object(home.config.audit), archive: { directory: 'archive' }, ...audit };
  home.write('countersign.yaml', stringify({ ...home.config, audit: own }));
  return home;
}

describe('a server that archives its log and keeps bodies for two days', () => {
  let home: TestHome;
  let server: InProcess;
  const verify = async (...words: string[]) =>
    JSON.parse(
      (await ours('audit', 'verify', home.published, '--key', home.path('audit/log.vkey'), '--json', ...words)).stdout,
    );
  beforeAll(async () => {
    home = homeWith({ retention: { bodies: '2d' } });
    await fillLog(home, 600, Date.now() - 3 * dayMs);
    server = await InProcess.start(home);
    await server.server.reload();
  });
  afterAll(async () => {
    await server.close();
    home[Symbol.dispose]();
  });

  it('has in the archive what it drops, and says where it is', () => {
    expect(filesUnder(home.path('archive'))).toEqual(expect.arrayContaining(['tile/entries/000', 'tile/entries/001']));
    const pruned = server.records.filter(({ type }) => type === 'log.pruned');
    expect(pruned).toMatchObject([{ pruned: { from: 0, to: 512, archive: home.path('archive') } }]);
    expect(server.records.find(({ type }) => type === 'export.started')).toMatchObject({
      export: { sink: home.path('archive'), fromSeq: 0 },
    });
  });

  it('audit verify --archive proves the dropped records too', async () => {
    expect(await verify()).toMatchObject({ verified: true, hashesOnly: [{ from: 0, to: 512 }] });
    const whole = await verify('--archive', home.path('archive'));
    expect(whole).toMatchObject({ verified: true });
    expect(whole).not.toHaveProperty('hashesOnly');
  });

  describeWith(['set:transparency'], 'with the programs of others', () => {
    it('A-12: fsck passes over what is left with the archive laid into it', async () => {
      await server.close();
      const merged = home.path('merged');
      cpSync(home.published, merged, { recursive: true });
      cpSync(home.path('archive'), merged, { recursive: true });
      expect(await fsck(`file://${merged}/`, home.path('audit/log.vkey'))).toContain('Successfully');
      server = await InProcess.start(home);
    });
  });
});

describe('an archive that is away', () => {
  const trueNow = Date.now.bind(Date);
  let offset = 0;
  let home: TestHome;
  beforeEach(() => {
    offset = 0;
    vi.spyOn(Date, 'now').mockImplementation(() => trueNow() + offset);
    home = homeWith({ retention: { bodies: '1d' } });
  });
  afterEach(() => {
    vi.restoreAllMocks();
    home[Symbol.dispose]();
  });

  it('A-29: holds up nobody, is told of once at each threshold and when it is back, and nothing is dropped meanwhile', async () => {
    await fillLog(home, 300, Date.now() - 3 * dayMs);
    writeFileSync(home.path('archive'), 'no folder');
    await using server = await InProcess.start(home);
    const lookAt = async (ms: number) => {
      offset = ms;
      await server.server.reload();
    };
    const gaps = () => server.types.filter((type) => type.startsWith('export.') || type === 'log.pruned');
    await lookAt(0);
    await lookAt(minuteMs);
    expect(gaps()).toEqual(['export.started']);
    expect(await server.ask()).toMatchObject({ code: 0 });
    await lookAt(6 * minuteMs);
    await lookAt(20 * minuteMs);
    expect(gaps()).toEqual(['export.started', 'export.gap']);
    const metrics = (await server.get('/metrics')).body;
    expect(metrics).toContain('countersign_log_archive_lag_records 256');
    expect(metrics).toMatch(/countersign_log_archive_lag_seconds 1[12]\d\d/);
    await lookAt(61 * minuteMs);
    const gap = server.records.findLast(({ type }) => type === 'export.gap');
    expect(gap).toMatchObject({ outcome: 'failed', export: { fromSeq: 0, toSeq: 256, count: 256 } });
    rmSync(home.path('archive'));
    await lookAt(120 * minuteMs);
    expect(gaps()).toEqual([...['export.started', 'export.gap', 'export.gap', 'export.caught-up'], 'log.pruned']);
  });
});
