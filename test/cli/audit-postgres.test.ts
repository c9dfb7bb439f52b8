import { createHash, X509Certificate } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { parseTlogProof, verifyTlogProof } from '#audit/tlog-proof.ts';
import { parseVkey } from '#audit/vkey.ts';
import { describeWith } from '#test/oracles.ts';
import { Agent } from '#test/support/agent.ts';
import { TestHome } from '#test/support/home.ts';
import { PostgresServer } from '#test/support/postgres/server.ts';
import { p256Request, web } from '#test/support/requests.ts';
import { ServerProcess } from '#test/support/server-process.ts';
import { quiet } from '../server/in-process.ts';
import { countersign, parsed, scratch } from './run-cli.ts';

const issuedCount = 5;

describeWith(['postgres'], 'a home whose log is in PostgreSQL, on a machine that publishes nothing of it', () => {
  let database: PostgresServer;
  let home: TestHome;
  let server: ServerProcess;
  /** An auditor's: the configuration and the log's public key. */
  const desk = join(scratch(), 'desk');
  const leaf = join(desk, 'leaf.pem');

  beforeAll(async () => {
    database = await PostgresServer.start();
    home = new TestHome({ config: quiet });
    const hosts = [`127.0.0.1:${database.port}`];
    const postgres = { hosts, database: 'postgres', user: 'tester', schema: 'audited', tls: { mode: 'off' } };
    const audit = { ...Object(home.config).audit, store: { postgres } };
    home.write('countersign.yaml', stringify({ ...home.config, audit }));
    server = await ServerProcess.start(home);
    using agent = await Agent.connect({ port: server.istio.port, roots: home.root.pem });
    mkdirSync(join(desk, 'audit'), { recursive: true });
    for (let n = 0; n < issuedCount; n++) {
      const { chain } = await agent.call({ csr: p256Request().csr, token: home.tokens.token('demo', 'web') });
      writeFileSync(leaf, chain[0] ?? '');
    }
    await agent.call({ csr: p256Request().csr, token: 'no token at all' });
    copyFileSync(home.path('countersign.yaml'), join(desk, 'countersign.yaml'));
    copyFileSync(home.path('audit', 'log.vkey'), join(desk, 'audit', 'log.vkey'));
  });
  afterAll(async () => {
    await server.stop();
    home[Symbol.dispose]();
    await database[Symbol.asyncDispose]();
  });

  const audit = (...words: readonly string[]) => countersign(['audit', ...words, '--home', desk]);
  const vkey = () => readFileSync(join(desk, 'audit', 'log.vkey'), 'utf8').trim();
  /** Of the newest issuance; published within a second. */
  async function indexOfLeaf(): Promise<number> {
    await expect
      .poll(async () => parsed(await audit('check', leaf, '--json')), { timeout: 20_000 })
      .toMatchObject({ logged: true, proven: true });
    return Number(parsed(await audit('check', leaf, '--json')).index);
  }

  it('A-37: audit list shows its records, newest first, and narrows them', async () => {
    const { records, size } = parsed(await audit('list', '--json', '--type', 'certificate.issued', '--identity', web));
    const indexes = Array.isArray(records) ? records.map(({ seq }: { seq: number }) => seq) : [];
    expect(indexes).toHaveLength(issuedCount);
    expect(indexes).toEqual(indexes.toSorted((a, b) => b - a));
    expect(Number(size)).toBeGreaterThan(issuedCount);
    expect((await audit('list', '--outcome', 'denied')).stdout).toContain('authn.failed');
  });

  it('A-37: audit ask answers, with an inventory of its own and a proof of each row', async () => {
    await indexOfLeaf();
    const proofs = join(desk, 'proofs');
    const proven = ['--json', '--log-key', vkey(), '--proof'];
    const answer = parsed(await audit('ask', 'held', '--identity', web, ...proven, proofs));
    expect(answer.records).toHaveLength(issuedCount);
    expect(readdirSync(proofs)).toHaveLength(issuedCount);
    const ofKey = join(desk, 'proofs-of-key');
    const { publicKey } = new X509Certificate(readFileSync(leaf));
    const spki = createHash('sha256')
      .update(publicKey.export({ type: 'spki', format: 'der' }))
      .digest('hex');
    expect(await audit('ask', 'key', '--key', spki, ...proven, ofKey)).toMatchObject({ code: 0 });
    expect(readdirSync(ofKey)).toHaveLength(1);
    expect(existsSync(join(desk, 'audit', 'log'))).toBe(false);
  });

  it('A-15: audit check finds a certificate and says that it is proven; audit prove writes the proof, which holds offline', async () => {
    const index = await indexOfLeaf();
    const file = join(desk, 'leaf.tlog-proof');
    expect(await audit('prove', leaf, '--out', file)).toMatchObject({ code: 0 });
    const proof = parseTlogProof(readFileSync(file, 'utf8'));
    expect(proof.index).toBe(index);
    if (proof.entry === undefined) throw new Error('no entry');
    expect(verifyTlogProof(proof, proof.entry, parseVkey(vkey())).size).toBeGreaterThan(index);
    expect(await audit('check', leaf, '--proof', file, '--key', vkey())).toMatchObject({ code: 0 });
    const root = join(desk, 'root.pem');
    writeFileSync(root, home.root.pem);
    expect(await audit('check', root)).toMatchObject({ code: 1 });
    expect(await audit('prove', root)).toMatchObject({ code: 1 });
  });

  it('A-38: evidence is made of the database, proven, and the same twice', async () => {
    await indexOfLeaf();
    const [first, second] = [join(desk, 'pack'), join(desk, 'again')];
    const year = String(new Date().getUTCFullYear());
    const make = (out: string, ...words: readonly string[]) =>
      countersign(['evidence', '--period', year, '--home', desk, '-o', out, ...words]);
    expect(await make(first)).toMatchObject({ code: 0, stderr: '' });
    expect(await make(second, '--checkpoint', join(first, 'checkpoint'))).toMatchObject({ code: 0 });
    expect(readFileSync(join(first, 'SHA256SUMS'), 'utf8')).toBe(readFileSync(join(second, 'SHA256SUMS'), 'utf8'));
    const verified = await countersign([
      'evidence',
      'verify',
      first,
      '--key',
      vkey(),
      '--home',
      '/nonexistent',
      '--json',
    ]);
    expect(parsed(verified)).toMatchObject({ verified: true });
    expect(
      readFileSync(join(first, 'rows', 'issued.jsonl'), 'utf8')
        .trim()
        .split('\n').length,
    ).toBe(issuedCount + 1);
  });

  it('A-38: audit replay verifies the database, and finds nothing outside policy', async () => {
    expect(parsed(await audit('replay', '--json'))).toMatchObject({
      fits: true,
      findings: [],
      kinds: { workload: { count: issuedCount }, serving: { count: 1 } },
    });
  });

  it('export status and export test read it there as well', async () => {
    const to = join(desk, 'lines');
    const exports = [{ name: 'lines', to: { file: { directory: to } } }];
    const file = join(desk, 'with-sink.yaml');
    writeFileSync(file, stringify({ ...parse(readFileSync(join(desk, 'countersign.yaml'), 'utf8')), exports }));
    const index = await indexOfLeaf();
    const { published, sinks } = parsed(await countersign(['export', 'status', '--config', file, '--json']));
    expect(published).toBeGreaterThan(index);
    expect(sinks).toEqual([{ sink: 'lines', to: 'file', next: 0, behind: published }]);
    expect(await countersign(['export', 'test', 'lines', '--config', file])).toMatchObject({ code: 0 });
  });

  const desked = (name: string) => join(desk, name);

  it('A-30: audit export writes from the database what the published log gives, and its file proves itself', async () => {
    await indexOfLeaf();
    const published = ['--log', home.path('audit', 'log')];
    for (const [name, ...words] of [
      ['issued.jsonl', '--type', 'certificate.issued'],
      ['refused.cef', '--format', 'cef', '--outcome', 'denied'],
      ['start.parquet', '--format', 'parquet', '--until', await timeOfFirst()],
    ] as const) {
      expect(await audit('export', ...words, '-o', desked(name))).toMatchObject({ code: 0, stderr: '' });
      expect(await audit('export', ...words, ...published, '-o', desked(`published.${name}`))).toMatchObject({
        code: 0,
      });
      expect(readFileSync(desked(name)).equals(readFileSync(desked(`published.${name}`)))).toBe(true);
    }
    const offline = ['--key', vkey(), '--home', '/nonexistent', '--json'];
    const verified = await countersign(['audit', 'verify-export', desked('issued.jsonl'), ...offline]);
    expect(parsed(verified)).toMatchObject({ verified: true, by: 'hashes' });
    expect(parsed(await audit('verify-export', desked('refused.cef'), '--json'))).toMatchObject({ by: 'log', rows: 1 });
  });

  async function timeOfFirst(): Promise<string> {
    const { records } = parsed(await audit('list', '--json', '--before', '3'));
    return Array.isArray(records) ? String(records[0].time) : '';
  }

  it.each([
    ['list', ['list']],
    ['check', ['check', leaf]],
    ['prove', ['prove', leaf]],
    ['replay', ['replay']],
    ['export', ['export', '-o', join(desk, 'all.jsonl')]],
    ['verify-export', ['verify-export', join(desk, 'all.jsonl')]],
  ] as const)('audit %s takes the configuration of another machine as --store', async (_, words) => {
    const elsewhere = join(scratch(), 'nothing');
    const named = ['--store', join(desk, 'countersign.yaml'), '--home', elsewhere];
    const key = words[0] === 'list' ? [] : [words[0] === 'export' ? '--log-key' : '--key', vkey()];
    expect(await countersign(['audit', ...words, ...named, ...key])).toMatchObject({ code: 0, stderr: '' });
  });

  it('an entry that was altered behind our back is not exported, and an export from before does not agree with it', async () => {
    await database.sql(
      `UPDATE audited.entry SET body = convert_to(replace(convert_from(body, 'UTF8'), '/sa/web', '/sa/wob'), 'UTF8') WHERE seq = ${await indexOfLeaf()}`,
    );
    const forged = await audit('export', '-o', desked('forged.jsonl'));
    expect([forged.code, forged.stderr]).toEqual([1, expect.stringContaining('not under the root')]);
    const before = await audit('verify-export', desked('all.jsonl'), '--store', desked('countersign.yaml'));
    expect(before).toMatchObject({ code: 1, stdout: expect.stringContaining('is not what the log gives') });
  });
});
