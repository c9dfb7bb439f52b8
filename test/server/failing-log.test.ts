import { createHash, createPublicKey, X509Certificate } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { verifyDirectory } from '#audit/verify.ts';
import { formatVkey } from '#audit/vkey.ts';
import { logDatabase } from '#store/sqlite/open-log.ts';
import { verifyStore } from '#store/sqlite/verify.ts';
import { Agent } from '#test/support/agent.ts';
import { TestHome } from '#test/support/home.ts';
import { recordsOf } from '#test/support/records.ts';
import { p256Request } from '#test/support/requests.ts';
import { ServerProcess } from '#test/support/server-process.ts';
import { InProcess, quiet } from './in-process.ts';

const fingerprint = (pem: string) => createHash('sha256').update(new X509Certificate(pem).raw).digest('hex');

/** Agents that ask until the server is gone: what they hold, and what each was told in order. */
async function askUntilTheEnd(server: ServerProcess, home: TestHome): Promise<{ held: string[]; codes: number[] }> {
  const held: string[] = [];
  const codes: number[] = [];
  const { csr } = p256Request();
  const token = home.tokens.token('demo', 'web');
  using agent = await Agent.connect({ port: server.istio.port, roots: home.root.pem });
  const lane = async () => {
    while (agent.open) {
      const answer = await agent.call({ csr, token });
      codes.push(answer.code);
      if (answer.chain[0] !== undefined) held.push(fingerprint(answer.chain[0]));
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
  return { held, codes };
}

describe('a server whose disk is full', () => {
  it('A-22: releases nothing after the failed write, is not ready, says why once, and ends with exit code 5', async () => {
    using home = new TestHome();
    // A limit on the size of a file, in blocks of 512 octets: the write that passes it fails as on a full disk.
    const wrapper = ['/bin/sh', '-c', 'ulimit -f 3000; exec "$@"', 'sh'];
    await using server = await ServerProcess.start(home, { wrapper });
    expect(await server.get('/readyz')).toMatchObject({ status: 200 });
    const load = askUntilTheEnd(server, home);
    await server.said(/the log cannot be written; nothing more is issued/);
    const { code, signal } = await server.ended;
    const { held, codes } = await load;
    expect({ code, signal }).toEqual({ code: 5, signal: null });

    const lines = server.stderr.split('\n');
    const failures = lines.filter((line) => line.includes('the log cannot be written; nothing more is issued'));
    expect(failures).toHaveLength(1);
    expect(JSON.parse(failures[0] ?? '')).toMatchObject({ level: 'error' });
    const after = lines.slice(lines.indexOf(failures[0] ?? '') + 1);
    expect(after.filter((line) => line.includes('"issued"'))).toEqual([]);

    const firstRefused = codes.findIndex((each) => each !== 0);
    expect(firstRefused).toBeGreaterThan(20);
    // Those that were under way at that moment had been committed; none came later than the eight lanes allow.
    expect(codes.slice(firstRefused + 8)).not.toContain(0);
    expect(codes.every((each) => each === 0 || each === 14)).toBe(true);

    expect((await verifyStore(logDatabase(home.path('audit')))).size).toBe(recordsOf(home).length);
    const logged = new Set(recordsOf(home).map(({ certificate }) => Object(certificate).sha256));
    expect(held.length).toBeGreaterThan(20);
    expect(held.filter((sha256) => !logged.has(sha256))).toEqual([]);
  });

  it('A-22: starts again once there is room, and says how the last one ended', async () => {
    using home = new TestHome();
    const wrapper = ['/bin/sh', '-c', 'ulimit -f 1500; exec "$@"', 'sh'];
    await using full = await ServerProcess.start(home, { wrapper });
    await Promise.all([askUntilTheEnd(full, home), full.ended]);
    await using server = await ServerProcess.start(home);
    using agent = await Agent.connect({ port: server.istio.port, roots: home.root.pem });
    expect(await agent.call({ csr: p256Request().csr, token: home.tokens.token('demo', 'web') })).toMatchObject({
      code: 0,
    });
    expect(await server.stop()).toMatchObject({ code: 0 });
    const types = recordsOf(home).map(({ type }) => type);
    expect(types).toContain('log.recovered');
    const vkey = formatVkey('log.test/mesh', createPublicKey(home.logKeyPem));
    expect((await verifyDirectory(home.published, vkey)).size).toBe(types.length);
  });
});

describe('a server whose commit fails', () => {
  it('A-22: releases nothing from then on, refusals neither, and is neither ready nor well until it is replaced', async () => {
    using home = new TestHome({ config: quiet });
    await using running = await InProcess.start(home);
    expect(await running.ask()).toMatchObject({ code: 0 });
    expect(await running.get('/healthz')).toMatchObject({ status: 200 });
    const before = running.records.length;

    // Somebody else's transaction, for the length of one commit.
    const other = new DatabaseSync(logDatabase(home.path('audit')));
    other.exec('BEGIN IMMEDIATE');
    expect(await running.ask()).toMatchObject({ code: 14 });
    expect(await running.server.failed).toBeInstanceOf(Error);
    other.exec('ROLLBACK');
    other.close();

    // The disk would do again; it is not tried, since nobody knows what the failed write has left.
    expect(await running.ask()).toMatchObject({ code: 14, message: expect.stringContaining('audit log') });
    expect(await running.ask({ csr: 'rubbish' })).toMatchObject({ code: 14 });
    expect(await running.get('/healthz')).toMatchObject({
      status: 503,
      body: expect.stringContaining('cannot be written'),
    });
    await running.close();
    expect(running.records).toHaveLength(before);
    await using next = await InProcess.start(home);
    expect(await next.ask()).toMatchObject({ code: 0 });
    expect(next.types).toContain('log.recovered');
  });

  it('A-22: is not ready from the moment that it knows', async () => {
    using home = new TestHome({ config: quiet });
    await using running = await InProcess.start(home);
    const other = new DatabaseSync(logDatabase(home.path('audit')));
    other.exec('BEGIN IMMEDIATE');
    await running.ask();
    await running.server.failed;
    expect(await running.get('/readyz')).toMatchObject({
      status: 503,
      body: expect.stringContaining('cannot be written'),
    });
    other.exec('ROLLBACK');
    other.close();
  });
});
