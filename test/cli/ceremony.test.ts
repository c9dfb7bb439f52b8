import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { countersign, parsed, scratch } from './run-cli.ts';

const shipped = readFileSync('hsm/root-ceremony.yaml', 'utf8');

interface Setting {
  readonly home: string;
  readonly file: string;
}

/** The ceremony that ships, with its keys in encrypted files; `change` varies it. */
function inSoftware(change: (text: string) => string = (text) => text): Setting {
  const home = scratch();
  mkdirSync(join(home, 'secrets'));
  writeFileSync(join(home, 'secrets', 'passphrase'), 'correct horse battery staple\n', { mode: 0o600 });
  const text = shipped
    .replace(/^token:\n( {2}.*\n)+/m, 'software:\n  passphrase: { file: secrets/passphrase }\n')
    .replace(/^ {4}keyIn: hsm/m, '    keyIn: software')
    .replace(/^ {2}key: ec:P-384/m, '  key: ec:P-384\n  keyIn: software');
  const file = join(home, 'ceremony.yaml');
  writeFileSync(file, change(text));
  return { home, file };
}

const withoutRoot = (text: string) => text.replace(/^root:\n( {2}.*\n)+/m, '');

describe('ceremony plan', () => {
  it('shows every field of every certificate, and writes nothing', async () => {
    const { home, file } = inSoftware();
    const { code, stdout } = await countersign(['ceremony', 'plan', file, '--home', home]);
    expect(code).toBe(0);
    for (const said of [
      'quickstart-root',
      'quickstart-mesh',
      'O=Countersign, CN=Quickstart root',
      '10 years',
      'at most 0 CAs below',
      'keyCertSign, cRLSign (critical)',
      'URI:spiffe://cluster.local',
      'in an encrypted file',
      join(home, 'ca'),
    ]) {
      expect(stdout).toContain(said);
    }
    expect(existsSync(join(home, 'ca'))).toBe(false);
  });

  it('--json gives the whole plan', async () => {
    const { home, file } = inSoftware();
    const ran = await countersign(['ceremony', 'plan', file, '--home', home, '--json']);
    expect(parsed(ran)).toMatchObject({ name: 'quickstart', root: { label: 'quickstart-root', key: 'ec:P-384' } });
  });

  it.each([
    ['a mistyped key', (text: string) => text.replace('lifetime: 3650d', 'lifetme: 3650d'), 'did you mean "lifetime"?'],
    ['YAML that is none', () => 'name: [', 'ceremony.yaml:1:'],
  ])('%s: exit 3, with file and line', async (_, change, message) => {
    const { home, file } = inSoftware(change);
    const { code, stdout, stderr } = await countersign(['ceremony', 'plan', file, '--home', home]);
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toContain(`${file}:`);
    expect(stderr).toContain(message);
  });
});

describe('ceremony run', () => {
  it('makes a root and an intermediate that OpenSSL accepts; a second run changes nothing', async () => {
    const { home, file } = inSoftware();
    const first = await countersign(['ceremony', 'run', file, '--home', home, '--json']);
    expect(first.code).toBe(0);
    expect(parsed(first)).toMatchObject({ unchanged: false, roots: join(home, 'ca', 'roots.pem') });
    const words = [
      'verify',
      '-x509_strict',
      '-CAfile',
      join(home, 'ca', 'roots.pem'),
      join(home, 'ca', 'quickstart-mesh.pem'),
    ];
    expect(execFileSync('openssl', words).toString()).toContain('OK');
    const root = readFileSync(join(home, 'ca', 'quickstart-root.pem'));

    const second = await countersign(['ceremony', 'run', file, '--home', home]);
    expect(second.code).toBe(0);
    expect(second.stdout).toContain('everything was in place; nothing was changed');
    expect(second.stdout).toContain(`transcript: ${join(home, 'ca', 'transcript.txt')}`);
    expect(readFileSync(join(home, 'ca', 'quickstart-root.pem'))).toEqual(root);
  });

  it('of a CRL says in its plan what it lists, and in the end where it is', async () => {
    const asked = `crl:
  number: 4
  lifetime: 180d
  revoked:
    - { serial: "40:1f", reason: cACompromise, revokedAt: "2026-01-02T03:04:05Z" }
outputs: ca`;
    const { home, file } = inSoftware((text) => text.replace('outputs: ca', asked));
    const plan = await countersign(['ceremony', 'plan', file, '--home', home]);
    for (const said of ['cRLNumber', '180 days', '401f since 2026-01-02T03:04:05Z, cACompromise', 'root.crl.pem'])
      expect(plan.stdout).toContain(said);
    const ran = await countersign(['ceremony', 'run', file, '--home', home, '--json']);
    const crl = join(home, 'ca', 'quickstart-root.crl.pem');
    expect(parsed(ran)).toMatchObject({ crl: { number: 4, was: 'made', revoked: ['401f'], file: crl } });
    const words = ['crl', '-in', crl, '-noout', '-crlnumber', '-CAfile', join(home, 'ca', 'roots.pem')];
    expect(execFileSync('openssl', words, { stdio: 'pipe' }).toString()).toMatch(/crlNumber=(0x)?0?4/i);
    const again = await countersign(['ceremony', 'run', file, '--home', home]);
    expect(again.stdout).toMatch(/CRL of the root[\s\S]*found, lists 1, valid until/);
  });

  it('without its passphrase: exit 4, and the passphrase is never asked for', async () => {
    const { home, file } = inSoftware((text) =>
      text.replace('{ file: secrets/passphrase }', '{ env: NO_SUCH_VARIABLE }'),
    );
    const { code, stderr } = await countersign(['ceremony', 'run', file, '--home', home]);
    expect(code).toBe(4);
    expect(stderr).toContain('NO_SUCH_VARIABLE');
  });

  it('of a file without a root: exit 1, and it says what to type', async () => {
    const { home, file } = inSoftware(withoutRoot);
    const { code, stderr } = await countersign(['ceremony', 'run', file, '--home', home]);
    expect(code).toBe(1);
    expect(stderr).toContain('ceremony request');
  });
});

describe('ceremony request and install', () => {
  it("P-10: takes an enterprise root's chain, and nothing else, and warns of URI name constraints", async () => {
    const { home, file } = inSoftware(withoutRoot);
    const asked = await countersign(['ceremony', 'request', file, 'quickstart-mesh', '--home', home, '--json']);
    expect(asked.code).toBe(0);
    const csr = join(home, 'ca', 'quickstart-mesh.csr.pem');
    expect(parsed(asked)).toMatchObject({ label: 'quickstart-mesh', file: csr });

    const at = (name: string) => join(home, name);
    const openssl = (words: string) => execFileSync('openssl', words.split(' '), { cwd: home, stdio: 'pipe' });
    openssl(
      'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -keyout e.key -out e.pem -subj /CN=Enterprise -days 900 -addext keyUsage=critical,keyCertSign,cRLSign',
    );
    writeFileSync(at('leaf'), 'basicConstraints=critical,CA:FALSE\n');
    writeFileSync(
      at('sub'),
      'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectAltName=URI:spiffe://cluster.local\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n',
    );
    for (const kind of ['leaf', 'sub'])
      openssl(`x509 -req -in ${csr} -CA e.pem -CAkey e.key -days 300 -extfile ${kind} -out ${kind}.pem`);

    writeFileSync(
      at('uris'),
      `${readFileSync(at('sub'), 'utf8')}nameConstraints=critical,permitted;URI:cluster.local\n`,
    );
    openssl(`x509 -req -in ${csr} -CA e.pem -CAkey e.key -days 300 -extfile uris -out uris.pem`);

    const install = (chain: string, ...more: readonly string[]) =>
      countersign([
        'ceremony',
        'install',
        file,
        'quickstart-mesh',
        '--home',
        home,
        '--chain',
        at(chain),
        '--roots',
        at('e.pem'),
        ...more,
      ]);
    const refused = await install('leaf.pem');
    expect(refused.code).toBe(1);
    expect(refused.stderr).not.toBe('');
    expect(existsSync(at('ca/quickstart-mesh.pem'))).toBe(false);

    const taken = await install('sub.pem');
    expect(taken.stderr).not.toContain('countersign:');
    expect(taken.code).toBe(0);
    expect(taken.stdout).toMatch(/^installed\n/);
    expect(taken.stderr).not.toContain('warning');
    expect((await install('sub.pem')).stdout).toMatch(/^installed already\n/);

    const ofAmbient = /constrains URIs, and ztunnel \(ambient\) refuses every chain/;
    expect((await install('uris.pem')).stderr).toMatch(ofAmbient);
    expect(parsed(await install('uris.pem', '--json'))).toMatchObject({
      unchanged: true,
      warnings: [expect.stringMatching(ofAmbient)],
    });
  });

  it('without --chain: exit 2', async () => {
    const { home, file } = inSoftware(withoutRoot);
    const { code, stderr } = await countersign(['ceremony', 'install', file, 'quickstart-mesh', '--home', home]);
    expect([code, stderr.includes('--chain FILE')]).toEqual([2, true]);
  });
});

describeWith(['softhsm'], 'with a token of SoftHSM', (path) => {
  it('initialises it, holds the ceremony in it, and never puts a PIN on a command line or on the screen', async () => {
    const home = scratch();
    const [pin, soPin] = ['7391-user', '8264-officer'];
    for (const folder of ['secrets', 'tokens']) mkdirSync(join(home, folder));
    writeFileSync(join(home, 'secrets', 'pin'), pin, { mode: 0o600 });
    writeFileSync(join(home, 'secrets', 'so-pin'), soPin, { mode: 0o600 });
    writeFileSync(join(home, 'softhsm.conf'), `directories.tokendir = ${join(home, 'tokens')}\n`);
    const file = join(home, 'ceremony.yaml');
    writeFileSync(file, shipped.replace('/usr/lib/softhsm/libsofthsm2.so', path('softhsm')));
    const env = { SOFTHSM2_CONF: join(home, 'softhsm.conf') };
    const ceremony = (...words: readonly string[]) => countersign(['ceremony', ...words, '--home', home], { env });

    const early = await ceremony('run', file);
    expect(early.code).toBe(4);
    const init = ['init-token', file, '--so-pin-file', join(home, 'secrets', 'so-pin')];
    expect((await ceremony(...init)).stdout).toBe('countersign-quickstart: initialised\n');
    expect((await ceremony(...init)).stdout).toBe('countersign-quickstart: already there, left as it is\n');
    const ran = await ceremony('run', file);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain('ec:P-384, hsm: made');
    const transcript = readFileSync(join(home, 'ca', 'transcript.txt'), 'utf8');
    for (const text of [early.stderr, ran.stdout, ran.stderr, transcript]) {
      expect(text).not.toContain(pin);
      expect(text).not.toContain(soPin);
    }
  });
});
