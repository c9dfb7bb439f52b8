import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { decodeEntry, type Entry } from '#audit/entry.ts';
import { describeWith } from '#test/oracles.ts';
import { Agent } from '#test/support/agent.ts';
import { TestHome } from '#test/support/home.ts';
import { PostgresServer } from '#test/support/postgres/server.ts';
import { ServerProcess } from '#test/support/server-process.ts';
import { quiet } from './in-process.ts';

const within = { timeout: 20_000, interval: 50 };

describeWith(['postgres'], 'the watch rules of servers that share a log', () => {
  let database: PostgresServer;
  beforeAll(async () => {
    database = await PostgresServer.start();
  });
  afterAll(() => database[Symbol.asyncDispose]());

  const rule = stringify({
    apiVersion: 'countersign.dev/v1alpha1',
    kind: 'WatchRule',
    metadata: { name: 'each-refusal' },
    spec: {
      severity: 'low',
      message: 'somebody was refused',
      burst: { match: { type: ['certificate.denied'] }, count: 2, within: '1h', by: ['caller'] },
    },
  });

  function replica(name: string, shared?: TestHome): TestHome {
    const home = new TestHome({ config: { ...quiet, detection: { rules: ['rule.yaml'] } } });
    if (shared !== undefined) {
      home.write('audit/log.key', shared.logKeyPem, 0o600);
      home.write('jwks.json', shared.tokens.jwks());
    }
    home.write('rule.yaml', rule);
    const hosts = [`127.0.0.1:${database.port}`];
    const postgres = { hosts, database: 'postgres', user: 'tester', schema: 'watched', tls: { mode: 'off' } };
    const audit = { ...Object(home.config).audit, store: { postgres } };
    home.write('countersign.yaml', stringify({ ...home.config, instance: { name }, audit }));
    return home;
  }

  const alerts = async (): Promise<readonly Entry[]> => {
    const rows = await database.sql('SELECT body FROM watched.entry ORDER BY seq');
    const entries = rows.map(({ body }) => decodeEntry(body instanceof Uint8Array ? body : new Uint8Array()));
    return entries.filter(({ type }) => type === 'detection.alert');
  };

  it('are run by one of them, and by the next when that one is killed, which knows what the first has seen', async () => {
    using one = replica('one');
    using two = replica('two', one);
    await using first = await ServerProcess.start(one);
    const started = async () => (await database.sql('SELECT next FROM watched.cursor')).length === 1;
    await vi.waitUntil(started, within);
    await using second = await ServerProcess.start(two);
    const refuse = async ({ istio }: ServerProcess, home: TestHome, name: string) => {
      using agent = await Agent.connect({ port: istio.port, roots: home.root.pem });
      return await agent.call({ csr: 'none', token: one.tokens.token('demo', name) });
    };
    // one half of each burst at each of them
    for (const name of ['a', 'b']) await refuse(first, one, name);
    await refuse(second, two, 'a');
    await vi.waitUntil(async () => (await alerts()).length === 1, within);
    await first.kill();
    await refuse(second, two, 'b');
    await vi.waitUntil(async () => (await alerts()).length === 2, within);
    const told = await alerts();
    expect(told.map(({ instance, detection }) => [Object(instance).name, Object(detection).by.caller])).toEqual([
      ['one', 'spiffe://cluster.local/ns/demo/sa/a'],
      ['two', 'spiffe://cluster.local/ns/demo/sa/b'],
    ]);
    expect((await second.stop()).code).toBe(0);
    expect(await alerts()).toHaveLength(2);
  });
});
