import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { countersign, parsed, scratch } from './run-cli.ts';

const folder = scratch();
const at = (name: string) => join(folder, name);
const istio = 'policies/istio.yaml';
const web = 'spiffe://cluster.local/ns/demo/sa/web';

/** A copy of the policy that ships, changed. */
function variation(name: string, change: (text: string) => string): string {
  const text = readFileSync(istio, 'utf8');
  const changed = change(text);
  if (changed === text) throw new Error(`the variation ${name} changes nothing`);
  writeFileSync(at(name), changed);
  return at(name);
}

beforeAll(() => {
  const openssl = (words: string) => execFileSync('openssl', words.split(' '), { cwd: folder, stdio: 'pipe' });
  const names = `-subj / -addext subjectAltName=critical,URI:${web}`;
  openssl(`req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout web.key -out web.csr ${names}`);
  openssl(`req -newkey rsa:1024 -nodes -keyout weak.key -out weak.csr ${names}`);
});

describe('policy check', () => {
  it('lists the policies of a good file with their set id', async () => {
    const ran = await countersign(['policy', 'check', '--json', istio]);
    expect(ran.code).toBe(0);
    expect(parsed(ran)).toMatchObject({
      setId: expect.stringMatching(/^[0-9a-f]{64}$/),
      policies: [{ name: 'istio', effect: 'allow', mode: 'enforce', file: istio }],
    });
  });

  it('names file, line and column of what is wrong, and the likely word', async () => {
    const file = variation('typo.yaml', (text) => text.replace('priority:', 'priorty:'));
    const line =
      readFileSync(file, 'utf8')
        .split('\n')
        .findIndex((each) => each.includes('priorty:')) + 1;
    const { code, stdout, stderr } = await countersign(['policy', 'check', file]);
    expect(code).toBe(3);
    expect(stdout).toBe('');
    expect(stderr).toContain(`${file}:${line}:`);
    expect(stderr).toContain('did you mean "priority"?');
  });

  it.each([
    ['a file that is not there', ['nothing.yaml'], 3, 'there is no such file'],
    ['no file at all, and no home', ['--home', '/nonexistent'], 2, 'name the policy files'],
  ])('%s', async (_, words, exit, message) => {
    const { code, stderr } = await countersign(['policy', 'check', ...words]);
    expect(code).toBe(exit);
    expect(stderr).toContain(message);
  });
});

describe('policy test', () => {
  it.each(['default', 'istio', 'fips', 'cert-manager', 'cert-manager-ca'])(
    'every case of the shipped %s policy passes',
    async (name) => {
      const ran = await countersign(['policy', 'test', '--json', `policies/${name}.yaml`]);
      expect(ran.code).toBe(0);
      const { failed, passed } = parsed(ran);
      expect(failed).toBe(0);
      expect(passed).toBeGreaterThan(3);
    },
  );

  it('P-39: a failing case exits 1 and is named with its policy and its line', async () => {
    const file = variation('failing.yaml', (text) =>
      text.replace(/expect: \{ ?decision: deny[^}]*\}/, 'expect: { decision: allow }'),
    );
    const line =
      readFileSync(file, 'utf8')
        .split('\n')
        .findIndex((each) => each.includes('decision: allow }')) + 1;
    const { code, stdout } = await countersign(['policy', 'test', file]);
    expect(code).toBe(1);
    const failures = stdout.split('\n').filter((each) => each.startsWith('FAIL'));
    expect(failures).toHaveLength(1);
    expect(failures[0]).toContain('istio: ');
    expect(stdout).toContain(`${file}:${line}:`);
    expect(stdout).toContain('1 failed');
  });

  it('a policy that cannot be read is no failing case: exit 3', async () => {
    writeFileSync(at('broken.yaml'), 'kind: [');
    expect((await countersign(['policy', 'test', at('broken.yaml')])).code).toBe(3);
  });
});

describe('policy explain', () => {
  const explain = (words: readonly string[], csr = 'web.csr') =>
    countersign(['policy', 'explain', at(csr), '--policies', istio, ...words]);

  it('shows each check of a permitted request, and what would be granted', async () => {
    const ran = await explain(['--as', web, '--ttl', '1h', '--json']);
    expect(ran.code).toBe(0);
    expect(parsed(ran)).toMatchObject({ decision: 'allow', permit: { policy: 'istio', identity: web, ttl: 3600 } });
    const { steps } = parsed(ran);
    expect(steps).toContainEqual(expect.objectContaining({ stage: 'match', policy: 'istio', ok: true }));
  });

  it.each([
    ['a lifetime over the maximum', ['--as', web, '--ttl', '9999d'], 'web.csr', 'ttl.too-long'],
    ['a weak key, before any policy is asked', ['--as', web], 'weak.csr', 'key.not-allowed'],
    ['a foreign trust domain', ['--as', web, '--trust-domain', 'other.example'], 'web.csr', 'identity.trust-domain'],
    [
      'a CSR in another name, where names must match',
      ['--as', `${web}2`, '--dialect', 'istio-csr'],
      'web.csr',
      'identity.mismatch',
    ],
  ])('%s: exit 1 with the code', async (_, words, csr, code) => {
    const ran = await explain([...words, '--json'], csr);
    expect(ran.code).toBe(1);
    expect(parsed(ran)).toMatchObject({ decision: 'deny', code });
  });

  it('reads the CSR from stdin', async () => {
    const words = ['policy', 'explain', '-', '--as', web, '--policies', istio];
    const { code, stdout } = await countersign(words, { input: readFileSync(at('web.csr')) });
    expect([code, stdout.includes('permitted')]).toEqual([0, true]);
  });

  it.each([
    ['no caller', [], 2, '--as'],
    ['a length of time that is none', ['--as', web, '--ttl', 'long'], 2, '--ttl'],
  ])('%s is a usage error', async (_, words, exit, message) => {
    const { code, stderr } = await explain(words);
    expect(code).toBe(exit);
    expect(stderr).toContain(message);
  });
});
