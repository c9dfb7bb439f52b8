import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { signCheckpoint, softwareCheckpointSigner } from '#audit/checkpoint.ts';
import { formatTlogProof } from '#audit/tlog-proof.ts';
import { countersign, parsed, scratch } from './run-cli.ts';

const folder = scratch();
const at = (name: string) => join(folder, name);
const openssl = (words: string) => execFileSync('openssl', words.split(' '), { cwd: folder, stdio: 'pipe' });
const web = 'spiffe://cluster.local/ns/demo/sa/web';

const segment = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const secretSignature = Buffer.from('a signature nobody may see').toString('base64url');
const soon = Math.floor(Date.now() / 1000) + 3_600;
const token = `${segment({ alg: 'RS256', kid: 'k1' })}.${segment({ iss: 'https://login.example', aud: ['istio-ca'], iat: soon - 7_200, exp: soon })}.${secretSignature}`;

beforeAll(async () => {
  const ec = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes';
  openssl(
    `req -x509 ${ec} -keyout ca.key -out ca.pem -subj /O=Example/CN=Root -days 3650 -addext keyUsage=critical,keyCertSign,cRLSign`,
  );
  openssl(
    `req ${ec} -keyout web.key -out web.csr -subj / -addext subjectAltName=critical,URI:${web},DNS:web.example,IP:10.0.0.1,IP:2001:db8::1`,
  );
  writeFileSync(
    at('ext'),
    `subjectAltName=critical,URI:${web}\nextendedKeyUsage=serverAuth,clientAuth\nkeyUsage=critical,digitalSignature\n`,
  );
  openssl('x509 -req -in web.csr -CA ca.pem -CAkey ca.key -days 1 -extfile ext -out web.pem');
  openssl('x509 -in web.pem -outform DER -out web.der');
  openssl('req -in web.csr -outform DER -out csr.der');
  writeFileSync(at('chain.pem'), Buffer.concat([readFileSync(at('web.pem')), readFileSync(at('ca.pem'))]));
  writeFileSync(at('token'), `${token}\n`);
  const signer = softwareCheckpointSigner(generateKeyPairSync('ed25519').privateKey, 'log.example/demo');
  const checkpoint = await signCheckpoint(signer, 7, new Uint8Array(32));
  writeFileSync(at('checkpoint'), checkpoint);
  writeFileSync(at('proof'), formatTlogProof({ index: 3, path: [new Uint8Array(32), new Uint8Array(32)], checkpoint }));
});

/** The first thing that inspect finds in a file. */
async function found(file: string): Promise<unknown> {
  const ran = await countersign(['inspect', '--json', at(file)]);
  expect(ran.stderr).toBe('');
  expect(ran.code).toBe(0);
  const { found: list } = parsed(ran);
  return Array.isArray(list) ? list[0] : undefined;
}

describe('inspect recognises', () => {
  const leaf = {
    kind: 'certificate',
    issuer: 'O=Example, CN=Root',
    subject: '',
    names: [`URI:${web}`],
    key: { kind: 'ec:P-256' },
    signatureAlgorithm: 'ecdsa-sha256',
    lifetimeSeconds: 86_400,
  };
  const request = {
    kind: 'request',
    names: [`URI:${web}`, 'DNS:web.example', 'IP:10.0.0.1', 'IP:2001:db8::1'],
    attributes: ['extensionRequest'],
    key: { kind: 'ec:P-256' },
  };
  it.each([
    ['a certificate in PEM', 'web.pem', leaf],
    ['a certificate in DER', 'web.der', leaf],
    ['a request in PEM', 'web.csr', request],
    ['a request in DER', 'csr.der', request],
    [
      'a token',
      'token',
      { kind: 'token', header: { alg: 'RS256' }, claims: { iss: 'https://login.example' }, signatureVerified: false },
    ],
    ['a checkpoint', 'checkpoint', { kind: 'checkpoint', origin: 'log.example/demo', size: 7 }],
    ['a tlog-proof', 'proof', { kind: 'proof', index: 3, checkpoint: { size: 7 } }],
    ['a private key, of which it shows the kind', 'web.key', { kind: 'private-key', key: { kind: 'ec:P-256' } }],
  ])('%s', async (_, file, expected) => expect(await found(file)).toMatchObject(expected));

  it('the SHA-256 of a certificate as OpenSSL computes it', async () => {
    const line = openssl('x509 -in web.pem -noout -fingerprint -sha256').toString();
    const sha256 = line.split('=')[1]?.trim().replaceAll(':', '').toLowerCase();
    expect(await found('web.pem')).toMatchObject({ sha256 });
  });
});

describe('inspect shows', () => {
  it('a chain, who signed whom, and how long each still lives', async () => {
    const { stdout } = await countersign(['inspect', at('chain.pem')]);
    expect(stdout).toContain('X.509-SVID  (1 of 2)');
    expect(stdout).toContain('number 2 of this file (signature checked)');
    expect(stdout).toContain('CA certificate, self-signed (root)  (2 of 2)');
    expect(stdout).toMatch(/expires in 23 hours 5\d minutes/);
    expect(stdout).toContain('keyUsage (critical): digitalSignature');
  });

  it('that names alone sign nothing: another root of the same name is not the signer', async () => {
    openssl(
      'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout other.key -out other.pem -subj /O=Example/CN=Root',
    );
    const chain = Buffer.concat([readFileSync(at('web.pem')), readFileSync(at('other.pem'))]);
    const { stdout } = await countersign(['inspect', '-'], { input: chain });
    expect(stdout).not.toContain('number 2 of this file');
  });

  it('a token without its signature, and says that it was not checked', async () => {
    for (const words of [
      ['inspect', '-'],
      ['inspect', '--json', '-'],
    ]) {
      const { stdout } = await countersign(words, { input: `Bearer ${token}` });
      expect(stdout).toContain('istio-ca');
      expect(stdout).toContain('not checked');
      expect(stdout).not.toContain(secretSignature);
    }
    const { stdout } = await countersign(['inspect', at('token')]);
    expect(stdout).toMatch(/lifetime +2 hours, expires in 59 minutes/);
  });

  it('nothing secret of a private key', async () => {
    const { stdout } = await countersign(['inspect', at('web.key')]);
    const body = readFileSync(at('web.key'), 'utf8').split('\n')[1] ?? '';
    expect(stdout).toContain('ec:P-256');
    expect(stdout).not.toContain(body.slice(0, 20));
  });

  it('no challenge password', async () => {
    writeFileSync(
      at('cp.cnf'),
      '[req]\ndistinguished_name=dn\nattributes=at\nprompt=no\n[dn]\nCN=x\n[at]\nchallengePassword=hunter2hunter2\n',
    );
    openssl('req -new -key web.key -config cp.cnf -out cp.csr');
    const { stdout } = await countersign(['inspect', at('cp.csr')]);
    expect(stdout).toContain('challengePassword');
    expect(stdout).not.toContain('hunter2');
  });
});

describe('inspect refuses', () => {
  it.each([
    ['a file that is not there', ['inspect', 'nothing-here'], undefined, 'nothing-here: no such file or folder'],
    ['a folder', ['inspect', folder], undefined, 'is a folder, not a file'],
    ['an empty file', ['inspect', '-'], '', 'stdin: is empty'],
    ['what it does not know', ['inspect', '-'], 'hello', 'stdin: not recognised'],
    [
      'a damaged certificate',
      ['inspect', '-'],
      '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
      'looks like a certificate but cannot be read',
    ],
    ['a token whose claims are no JSON', ['inspect', '-'], 'e30.bm9wZQ.x', 'its payload is not JSON'],
  ])('%s: exit 3', async (_, words, input, message) => {
    const { code, stdout, stderr } = await countersign(words, input === undefined ? {} : { input });
    expect(code).toBe(3);
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
  });
});
