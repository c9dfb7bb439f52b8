import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { logDatabase } from '#store/sqlite/open-log.ts';
import { TestHome } from '#test/support/home.ts';
import { fillLog } from '#test/support/old-log.ts';
import { ours } from '#test/transparency/ours.ts';
import { InProcess, quiet } from './in-process.ts';

const dayMs = 86_400_000;

describe('a server that keeps bodies for two days', () => {
  let home: TestHome;
  let server: InProcess;
  const command = (...words: string[]) => ours(...words, '--home', home.directory);
  beforeAll(async () => {
    home = new TestHome({ config: quiet });
    const audit = { ...Object(home.config.audit), retention: { bodies: '2d' } };
    home.write('countersign.yaml', stringify({ ...home.config, audit }));
    await fillLog(home, 600, Date.now() - 3 * dayMs);
    server = await InProcess.start(home);
    await server.server.reload();
  });
  afterAll(async () => {
    await server.close();
    home[Symbol.dispose]();
  });

  it('says in the log what it drops, by which rule, before it does', () => {
    const pruned = server.records.filter(({ type }) => type === 'log.pruned');
    expect(pruned).toMatchObject([
      { outcome: 'success', pruned: { from: 0, to: 512, kept: [], bodiesSeconds: 172_800 } },
    ]);
    expect(server.records[0]?.seq).toBe(512);
  });

  it('answers 410 for a bundle that is gone, and gives what was kept of it', async () => {
    expect(await server.get('/log/tile/entries/000')).toMatchObject({
      status: 410,
      body: expect.stringContaining('/log/retained/000'),
    });
    expect(await server.get('/log/tile/entries/009')).toMatchObject({ status: 404 });
    expect(await server.get('/log/retained/000')).toMatchObject({ status: 200, body: '' });
    expect(existsSync(home.path('audit/log/tile/0/001'))).toBe(true);
  });

  it('audit verify proves what is left, and says what is not', async () => {
    const { code, stdout } = await command('audit', 'verify', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      verified: true,
      hashesOnly: [{ from: 0, to: 512 }],
      store: { verified: true },
    });
    expect((await command('audit', 'verify')).stdout).toMatch(/hashes only +512 entries between 0 and 511/);
  });

  it('audit list and audit ask speak of what is left; an answer says of how many it does not', async () => {
    const listed = await command('audit', 'list', '--type', 'certificate.denied', '--limit', '1000', '--json');
    expect(JSON.parse(listed.stdout).records).toHaveLength(88);
    const copy = await command('audit', 'list', '--log', home.published, '--type', 'log.pruned', '--json');
    expect(JSON.parse(copy.stdout).records).toHaveLength(1);
    const asked = await command('audit', 'ask', 'rate', '--since', '1h', '--json');
    expect(JSON.parse(asked.stdout)).toMatchObject({ dropped: 512 });
  });

  it('goes on after a restart, and drops nothing twice', async () => {
    await server.close();
    server = await InProcess.start(home);
    await server.server.reload();
    expect(server.types.filter((type) => type === 'log.pruned')).toHaveLength(1);
  });

  it('finishes at its start what a crash has left half way, also where nothing is to be dropped any more', async () => {
    await server.close();
    const { retention: _, ...audit } = Object(parse(readFileSync(home.path('countersign.yaml'), 'utf8')).audit);
    home.write('countersign.yaml', stringify({ ...home.config, audit }));
    const halfWay = new DatabaseSync(logDatabase(home.path('audit')));
    halfWay.exec('UPDATE dropped SET next = 0; INSERT INTO entry SELECT 7, body FROM entry WHERE seq = 599');
    halfWay.close();
    server = await InProcess.start(home);
    using database = new DatabaseSync(logDatabase(home.path('audit')), { readOnly: true, timeout: 5_000 });
    await expect.poll(() => database.prepare('SELECT 1 FROM entry WHERE seq = 7').get()).toBeUndefined();
    expect(server.types.filter((type) => type === 'log.pruned')).toHaveLength(1);
  });
});

describe('a server with a sink that takes nothing', () => {
  it('drops no body that the sink does not have, and drops it once there is no such sink', async () => {
    using home = new TestHome({ config: quiet });
    const audit = { ...Object(home.config.audit), retention: { bodies: '2d' } };
    const configure = (exports: readonly unknown[]) =>
      home.write('countersign.yaml', stringify({ ...home.config, audit, exports }));
    await fillLog(home, 600, Date.now() - 3 * dayMs);
    const pruned = async () => {
      await using server = await InProcess.start(home);
      await server.server.reload();
      return server.types.includes('log.pruned');
    };
    configure([{ name: 'deaf', to: { otlp: { url: 'http://127.0.0.1:1/' } } }]);
    expect(await pruned()).toBe(false);
    configure([]);
    expect(await pruned()).toBe(true);
  });
});

describe('a server that cannot drop what it should', () => {
  it('says so on the record once and in its metrics, issues all the same, and drops when it can', async () => {
    using home = new TestHome({ config: quiet });
    home.write(
      'countersign.yaml',
      stringify({ ...home.config, audit: { ...Object(home.config.audit), retention: { bodies: '2d' } } }),
    );
    await fillLog(home, 600, Date.now() - 3 * dayMs);
    const inTheWay = home.path('audit/log/retained');
    writeFileSync(inTheWay, 'no folder');
    await using server = await InProcess.start(home);
    const metrics = async () => (await server.get('/metrics')).body;
    await server.server.reload();
    await server.server.reload();
    expect(await metrics()).toContain('countersign_log_retention_failing 1');
    expect(server.types.filter((type) => type === 'service.degraded')).toHaveLength(1);
    expect(await server.ask()).toMatchObject({ code: 0 });
    rmSync(inTheWay);
    await server.server.reload();
    expect(await metrics()).toContain('countersign_log_retention_failing 0');
    expect(await metrics()).toContain('countersign_log_retention_dropped_total 512');
  });
});
