import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { decodeEntry } from '#audit/entry.ts';
import { describeWith } from '#test/oracles.ts';
import { TestHome } from '#test/support/home.ts';
import { PostgresServer } from '#test/support/postgres/server.ts';
import { ServerProcess } from '#test/support/server-process.ts';

const within = { timeout: 20_000, interval: 50 };

describeWith(['postgres'], 'the exports of servers that share a log', () => {
  let database: PostgresServer;
  beforeAll(async () => {
    database = await PostgresServer.start();
  });
  afterAll(() => database[Symbol.asyncDispose]());

  function replica(name: string, out: string, logKeyPem?: string, schema = 'exported'): TestHome {
    const home = new TestHome();
    if (logKeyPem !== undefined) home.write('audit/log.key', logKeyPem, 0o600);
    const hosts = [`127.0.0.1:${database.port}`];
    const postgres = { hosts, database: 'postgres', user: 'tester', schema, tls: { mode: 'off' } };
    const audit = { ...Object(home.config).audit, store: { postgres } };
    const exports = [{ name: 'siem', to: { file: { directory: out, entries: 100_000 } } }];
    home.write('countersign.yaml', stringify({ ...home.config, instance: { name }, audit, exports }));
    return home;
  }
  const count = async () => (await database.sql('SELECT count(*)::int AS n FROM exported.entry'))[0]?.n;
  const delivers = async (server: ServerProcess) =>
    (await server.get('/metrics')).body.includes('countersign_export_delivered_total{sink="siem"}');

  it('A-28: are brought by one of them, and by the next when that one is killed, without a gap', async () => {
    using one = replica('one', 'siem');
    const shared = one.path('siem');
    using two = replica('two', shared, one.logKeyPem);
    const written = () => {
      const text = readFileSync(one.path('siem/audit-log.test_mesh-000000000000.jsonl.part'), 'utf8');
      return text
        .split('\n')
        .slice(0, -1)
        .map((line) => decodeEntry(Buffer.from(line)));
    };
    await using first = await ServerProcess.start(one);
    await vi.waitUntil(() => delivers(first), within);
    await using second = await ServerProcess.start(two);
    await vi.waitUntil(async () => written().length === (await count()), within);
    expect(await delivers(second)).toBe(false);
    await first.kill();
    await vi.waitUntil(() => delivers(second), within);
    await vi.waitUntil(async () => written().length === (await count()), within);
    const all = written();
    expect(all.map(({ seq }) => seq)).toEqual(all.map((_, index) => index));
    const begun = all.filter(({ type }) => type === 'export.started').map(({ instance }) => Object(instance).name);
    expect(begun).toEqual(['one', 'two']);
    expect((await second.stop()).code).toBe(0);
    const [cursor] = await database.sql("SELECT next FROM exported.cursor WHERE sink = 'siem'");
    expect(Number(cursor?.next)).toBeGreaterThanOrEqual(all.length);
  });

  it('A-28: do not follow a row of another log, ahead of this one', async () => {
    using home = replica('three', 'ahead', undefined, 'ahead');
    await using before = await ServerProcess.start(home);
    await before.stop();
    await database.sql(
      "INSERT INTO ahead.cursor VALUES ('siem', 1000000) ON CONFLICT (sink) DO UPDATE SET next = EXCLUDED.next",
    );
    await using server = await ServerProcess.start(home);
    await server.said(/the row of siem in ahead\.cursor stands at entry 1000000 and the log has [1-9]/);
  });
});
