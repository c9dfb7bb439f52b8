import { createHash, createPublicKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { parseCheckpoint } from '#audit/checkpoint.ts';
import { decodeEntry } from '#audit/entry.ts';
import { verifyDirectory } from '#audit/verify.ts';
import { formatVkey } from '#audit/vkey.ts';
import { verifyPostgres } from '#store/postgres/verify.ts';
import { describeWith } from '#test/oracles.ts';
import { Agent } from '#test/support/agent.ts';
import { TestHome } from '#test/support/home.ts';
import { PostgresServer } from '#test/support/postgres/server.ts';
import type { LogRecord } from '#test/support/records.ts';
import { p256Request } from '#test/support/requests.ts';
import { ServerProcess } from '#test/support/server-process.ts';
import { quiet } from './in-process.ts';

const fingerprint = (pem = '') => createHash('sha256').update(new X509Certificate(pem).raw).digest('hex');

describeWith(['postgres'], 'servers that share a log in PostgreSQL', () => {
  let database: PostgresServer;
  beforeAll(async () => {
    database = await PostgresServer.start();
  });
  afterAll(() => database[Symbol.asyncDispose]());

  /** A replica's home: a name and an issuer of its own; the log in `schema`, with its key, is all replicas'. */
  function replica(name: string, schema: string, logKeyPem?: string): TestHome {
    const home = new TestHome({ config: quiet });
    if (logKeyPem !== undefined) home.write('audit/log.key', logKeyPem, 0o600);
    const postgres = {
      hosts: [`127.0.0.1:${database.port}`],
      database: 'postgres',
      user: 'tester',
      schema,
      tls: { mode: 'off' },
      patience: '1s',
    };
    const audit = { ...Object(home.config).audit, store: { postgres } };
    home.write('countersign.yaml', stringify({ ...home.config, instance: { name }, audit }));
    return home;
  }
  async function ask(home: TestHome, server: ServerProcess) {
    using agent = await Agent.connect({ port: server.istio.port, roots: home.root.pem });
    return await agent.call({ csr: p256Request().csr, token: home.tokens.token('demo', 'web') });
  }
  async function records(schema: string): Promise<LogRecord[]> {
    const rows = await database.sql(`SELECT body FROM ${schema}.entry ORDER BY seq`);
    return rows.map(({ body }) => (body instanceof Uint8Array ? decodeEntry(body) : expect.fail('no octets')));
  }
  const by = (name: string, all: readonly LogRecord[]) =>
    all.filter(({ instance }) => Object(instance).name === name).map(({ type }) => type);

  it('issue side by side into one tree, each publishes it, and each tells its own story', async () => {
    using one = replica('one', 'shared');
    using two = replica('two', 'shared', one.logKeyPem);
    await using first = await ServerProcess.start(one);
    await using second = await ServerProcess.start(two);
    const held: string[] = [];
    for (let n = 0; n < 5; n++) {
      for (const [home, server] of [[one, first] as const, [two, second] as const]) {
        const { code, chain } = await ask(home, server);
        expect(code).toBe(0);
        held.push(fingerprint(chain[0]));
      }
    }
    expect((await second.stop()).code).toBe(0);
    await using again = await ServerProcess.start(two);
    expect((await again.stop()).code).toBe(0);
    expect((await first.stop()).code).toBe(0);

    const all = await records('shared');
    expect(all.map(({ seq }) => seq)).toEqual(all.map((_, index) => index));
    const logged = all.map(({ certificate }) => Object(certificate).sha256);
    for (const sha256 of held) expect(logged.filter((each) => each === sha256)).toHaveLength(1);
    const stories = ['one', 'two'].map((name) => by(name, all));
    for (const story of stories) {
      expect(story[0]).toBe('log.opened');
      expect(story.at(-1)).toBe('service.stopped');
      expect(story).not.toContain('log.recovered');
    }
    expect(stories.map((story) => story.filter((type) => type === 'log.opened').length)).toEqual([1, 2]);
    const loaded = all.filter(({ type, instance }) => type === 'config.loaded' && Object(instance).name === 'two');
    expect(loaded).toHaveLength(2);
    expect(Object(loaded[1]?.change).beforeSha256).toBe(Object(loaded[0]?.change).afterSha256);

    const vkey = formatVkey('log.test/mesh', createPublicKey(one.logKeyPem));
    const { size } = await verifyDirectory(one.published, vkey);
    expect(size).toBe(all.length);
    expect((await verifyDirectory(two.published, vkey)).size).toBeLessThanOrEqual(size);
  });

  it('issue nothing while the database is away, say so, and go on by themselves once it is back', async () => {
    using home = replica('patient', 'patient');
    await using server = await ServerProcess.start(home);
    expect((await ask(home, server)).code).toBe(0);
    await database.kill();
    expect((await ask(home, server)).code).toBe(14);
    await expect.poll(async () => (await server.get('/readyz')).status, { timeout: 20_000 }).toBe(503);
    expect((await server.get('/readyz')).body).toContain("the log's database cannot be reached");
    await database.start();
    await expect.poll(async () => (await server.get('/readyz')).status, { timeout: 20_000 }).toBe(200);
    expect((await ask(home, server)).code).toBe(0);
    expect((await server.stop()).code).toBe(0);
    const types = (await records('patient')).map(({ type }) => type);
    expect(types.filter((type) => type === 'log.recovered')).toHaveLength(1);
    await verifyPostgres(database.settings('patient'));
  });

  it('a server does not start without its database, and says where it looked', async () => {
    using home = new TestHome({ config: quiet });
    const postgres = { hosts: ['127.0.0.1:1'], tls: { mode: 'off' } };
    const audit = { ...Object(home.config).audit, store: { postgres } };
    home.write('countersign.yaml', stringify({ ...home.config, audit }));
    const failure: unknown = await ServerProcess.start(home).catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ ended: { code: 4 }, stderr: expect.stringContaining('127.0.0.1:1') });
  });

  it('A-18: a replica that brings the next key records it before it signs, though nothing is at its own hand', async () => {
    using one = replica('one', 'rotated');
    await (await ServerProcess.start(one)).stop();
    const signers = async () => {
      const [row] = await database.sql('SELECT note FROM rotated.signed');
      return parseCheckpoint(Buffer.from(String(row?.note))).note.signatures.length;
    };
    expect(await signers()).toBe(1);

    using stranger = replica('stranger', 'rotated');
    await expect(ServerProcess.start(stranger)).rejects.toThrow('belongs under audit.previousKeys');

    using two = replica('two', 'rotated');
    two.write('audit/old.key', one.logKeyPem, 0o600);
    const configuration = parse(readFileSync(two.path('countersign.yaml'), 'utf8'));
    const previous = { key: { file: { path: 'audit/old.key' } }, until: '2999-01-01T00:00:00Z' };
    configuration.audit.previousKeys = [previous];
    two.write('countersign.yaml', stringify(configuration));
    await (await ServerProcess.start(two)).stop();
    expect(await signers()).toBe(2);
    const activated = (await records('rotated')).filter(({ type }) => type === 'key.activated');
    expect(activated).toHaveLength(2);
    expect(activated[1]).toMatchObject({
      change: { kind: 'log-key', besides: [{ until: '2999-01-01T00:00:00.000Z' }] },
    });
  });
});
