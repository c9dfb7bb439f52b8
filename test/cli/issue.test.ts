import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countersign, parsed, type Ran, run, scratch } from './run-cli.ts';
import { type RunningServer, serve, web } from './running-server.ts';

let server: RunningServer;
beforeAll(async () => {
  server = await serve();
});
afterAll(() => server[Symbol.asyncDispose]());

const issue = (words: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<Ran> =>
  countersign(['issue', ...words], { env: { ...server.env, ...env } });

describe('issue', () => {
  it('gets an SVID and shows the chain with its lifetimes, root first', async () => {
    const { code, stdout } = await issue(['--ttl', '1h']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^issued by 127\.0\.0\.1:\d+\n/);
    const names = ['CN=Test root', '└─ ', web].map((name) => stdout.indexOf(name));
    expect(names.every((at) => at > 0)).toBe(true);
    expect(names).toEqual(names.toSorted((a, b) => a - b));
    expect(stdout).toContain('nothing; --out DIR keeps key and chain');
  });

  it('keeps key, chain and root with --out, for an agent to read and nobody else', async () => {
    const out = join(scratch(), 'svid');
    const ran = await issue(['--out', out, '--json']);
    expect(ran.code).toBe(0);
    expect(parsed(ran)).toMatchObject({
      outcome: 'issued',
      identity: web,
      key: 'ec:P-256',
      files: { key: join(out, 'key.pem') },
    });
    expect(statSync(join(out, 'key.pem')).mode & 0o777).toBe(0o600);
    const words = [
      'verify',
      '-CAfile',
      join(out, 'root-cert.pem'),
      '-untrusted',
      join(out, 'cert-chain.pem'),
      join(out, 'cert-chain.pem'),
    ];
    expect((await run('openssl', words)).stdout).toContain('OK');
    const key = await run('openssl', ['pkey', '-in', join(out, 'key.pem'), '-pubout']);
    const leaf = await run('openssl', ['x509', '-in', join(out, 'cert-chain.pem'), '-noout', '-pubkey']);
    expect(key.stdout).toBe(leaf.stdout);
  });

  it.each([['ec:P-384'], ['rsa:2048'], ['ed25519']])('asks with a key of the kind %s', async (kind) => {
    const ran = await issue(['--key-type', kind, '--json']);
    expect(ran.code).toBe(0);
    expect(parsed(ran)).toMatchObject({ outcome: 'issued', key: kind });
  });

  it('renews an SVID with itself, without a token', async () => {
    const out = scratch();
    expect((await issue(['--out', out])).code).toBe(0);
    const own = ['--client-cert', join(out, 'cert-chain.pem'), '--client-key', join(out, 'key.pem')];
    const ran = await issue([...own, '--json'], { TOKEN_FILE: '/nonexistent' });
    expect(ran.code).toBe(0);
    expect(parsed(ran)).toMatchObject({ outcome: 'issued', identity: web });
  });

  it("takes what it is not told from the home's env file, quotes and exports included", async () => {
    const home = scratch();
    const lines = Object.entries(server.env).map(([name, text]) => `export ${name}='${text}'`);
    writeFileSync(join(home, 'env'), `# where the server is\n${lines.join('\n')}\n`);
    const { code, stdout } = await countersign(['issue', '--home', home]);
    expect([code, stdout.includes(web)]).toEqual([0, true]);
  });

  it('what it got is in the log, and the log proves it', async () => {
    const out = scratch();
    expect((await issue(['--out', out])).code).toBe(0);
    const check = await countersign(['audit', 'check', join(out, 'cert-chain.pem'), '--home', server.home.directory]);
    expect(check.code).toBe(0);
  });
});

describe('a refusal', () => {
  it.each([
    ['an RSA-1024 key', ['--key-type', 'rsa:1024'], 'INVALID_ARGUMENT', /rsa/i],
    ['a lifetime over the maximum', ['--ttl', '9999d'], 'INVALID_ARGUMENT', /lifetime|ttl/i],
  ])('%s: exit 1, with the reason', async (_, words, status, reason) => {
    const ran = await issue([...words, '--json']);
    expect(ran.code).toBe(1);
    expect(parsed(ran)).toMatchObject({ outcome: 'refused', status, reason: expect.stringMatching(reason) });
    const { code, stdout } = await issue(words);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^refused by /);
  });

  it('of an unknown token tells the caller nothing', async () => {
    const file = join(scratch(), 'token');
    const payload = readFileSync(server.env.TOKEN_FILE ?? '', 'utf8')
      .split('.')
      .slice(0, 2)
      .join('.');
    writeFileSync(file, `${payload}.AAAA`);
    const ran = await issue(['--token-file', file, '--json']);
    expect(ran.code).toBe(1);
    expect(parsed(ran)).toMatchObject({
      outcome: 'refused',
      status: 'UNAUTHENTICATED',
      reason: 'request authenticate failure',
    });
    expect(ran.stdout + ran.stderr).not.toContain(payload);
  });
});

describe('issue cannot even ask', () => {
  it.each([
    ['nobody listens: exit 4', ['--address', '127.0.0.1:1'], 4, 'unavailable by 127.0.0.1:1'],
    ['a name that does not resolve: exit 4', ['--address', 'nowhere.invalid:1'], 4, 'unavailable'],
    ['a key type that is none: exit 2', ['--key-type', 'dsa'], 2, 'ec:P-256'],
    ['a name that is no SPIFFE ID: exit 2', ['--identity', 'web'], 2, 'spiffe://'],
    ['half a client certificate: exit 2', ['--client-cert', 'x'], 2, 'go together'],
    ['no root file: exit 3', ['--ca-root', '/nonexistent'], 3, '/nonexistent: no such file'],
    ['no token file: exit 3', ['--token-file', '/nonexistent'], 3, '/nonexistent: no such file'],
  ])('%s', async (_, words, exit, message) => {
    const { code, stdout, stderr } = await issue([...words, '--timeout', '3s']);
    expect(code).toBe(exit);
    expect(stdout + stderr).toContain(message);
  });

  it('a server under another root: exit 4, and it is never shown the token', async () => {
    const folder = scratch();
    const words = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ${folder}/k -out ${folder}/other.pem -subj /CN=other`;
    await run('openssl', words.split(' '));
    const { code, stdout } = await issue(['--ca-root', join(folder, 'other.pem'), '--timeout', '3s']);
    expect([code, stdout.startsWith('unavailable')]).toEqual([4, true]);
  });

  it('no address anywhere: exit 2, and it says where one could stand', async () => {
    const { code, stderr } = await countersign(['issue', '--home', '/nonexistent']);
    expect(code).toBe(2);
    expect(stderr).toContain('--address HOST:PORT: neither CA_ADDR nor /nonexistent/env says it');
  });
});
