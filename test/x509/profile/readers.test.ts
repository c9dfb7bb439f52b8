import 'reflect-metadata'; // what @peculiar/x509 asks of its users
import { execFileSync } from 'node:child_process';
import { X509Certificate as NodeCertificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as peculiar from '@peculiar/x509';
import { describe, expect, it } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { now, testKey, testMesh } from '#test/x509/mesh.ts';
import type { KeyKind, SignatureAlgorithm } from '#x509/algorithms.ts';
import { type Certificate, readCertificate } from '#x509/certificate.ts';

/** P-1: leaves on every kind of key under a P-256 issuer, and under every issuer a leaf on P-256. */
const kinds: KeyKind[] = [
  ...(['ec:P-256', 'ec:P-384', 'ec:P-521', 'rsa:2048', 'rsa:3072', 'rsa:4096', 'ed25519'] as const),
  ...(['ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87'] as const),
];
const classical: SignatureAlgorithm[] = [
  ...(['ecdsa-sha256', 'ecdsa-sha384', 'ecdsa-sha512', 'ed25519'] as const),
  ...(['rsa-sha256', 'rsa-sha384', 'rsa-sha512'] as const),
];
const postQuantum: SignatureAlgorithm[] = ['ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87'];

interface Specimen {
  readonly name: string;
  readonly leaf: Uint8Array;
  readonly intermediate: Uint8Array;
  readonly root: Uint8Array;
}

function specimen(name: string, algorithm: SignatureAlgorithm, kind: KeyKind): Specimen {
  const { root, intermediate, leaf } = testMesh(algorithm);
  const keyUsage = kind.startsWith('rsa:') ? 'digitalSignature+keyEncipherment' : 'digitalSignature';
  return { name, root, intermediate, leaf: leaf({ spki: testKey(kind).spki, keyUsage }).certificate };
}

const byKey = kinds.map((kind) => specimen(`a leaf on ${kind}`, 'ecdsa-sha256', kind));
const byIssuer = classical.map((algorithm) => specimen(`a leaf under ${algorithm}`, algorithm, 'ec:P-256'));
const byNewIssuer = postQuantum.map((algorithm) => specimen(`a leaf under ${algorithm}`, algorithm, 'ec:P-256'));
const all = [...byKey, ...byIssuer, ...byNewIssuer];

const hex = (bytes: Uint8Array | ArrayBuffer | undefined) => Buffer.from(new Uint8Array(bytes ?? [])).toString('hex');
const utc = (seconds: number) => new Date(seconds * 1000);

/** What our own reader says of a leaf, in words that all readers share. */
function ours(certificate: Certificate) {
  return {
    serial: certificate.serialText,
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
    uris: certificate.uris,
    spki: hex(certificate.spki),
    subjectKeyId: hex(certificate.subjectKeyId),
    authorityKeyId: hex(certificate.authorityKeyId?.keyId),
  };
}

describe('@peculiar/x509', () => {
  it.each(all)('P-1: reads $name as we do', ({ leaf }) => {
    const theirs = new peculiar.X509Certificate(Buffer.from(leaf));
    const san = theirs.getExtension(peculiar.SubjectAlternativeNameExtension);
    expect({
      serial: theirs.serialNumber,
      notBefore: theirs.notBefore.getTime() / 1000,
      notAfter: theirs.notAfter.getTime() / 1000,
      uris: san?.names.items.filter(({ type }) => type === 'url').map(({ value }) => value),
      spki: hex(theirs.publicKey.rawData),
      subjectKeyId: theirs.getExtension(peculiar.SubjectKeyIdentifierExtension)?.keyId,
      authorityKeyId: theirs.getExtension(peculiar.AuthorityKeyIdentifierExtension)?.keyId,
    }).toEqual(ours(readCertificate(leaf)));
    expect(san?.critical).toBe(true);
    expect(theirs.subject).toBe('');
    expect(theirs.extensions).toHaveLength(6);
    expect(theirs.getExtension(peculiar.BasicConstraintsExtension)).toMatchObject({ ca: false, critical: true });
    expect(theirs.getExtension(peculiar.ExtendedKeyUsageExtension)?.usages).toEqual(
      readCertificate(leaf).extendedKeyUsage,
    );
  });

  it.each([...byKey, ...byIssuer])('P-1: verifies $name up to its root', async ({ leaf, intermediate, root }) => {
    const [low, middle, high] = [leaf, intermediate, root].map((der) => new peculiar.X509Certificate(Buffer.from(der)));
    const at = { date: utc(now) };
    expect(await low?.verify({ publicKey: middle, ...at })).toBe(true);
    expect(await middle?.verify({ publicKey: high, ...at })).toBe(true);
    expect(await high?.verify(at)).toBe(true);
  });
});

describe("node:crypto, on this runtime's OpenSSL", () => {
  it.each(all)('P-1: verifies $name up to its root', ({ leaf, intermediate, root }) => {
    const [low, middle, high] = [leaf, intermediate, root].map((der) => new NodeCertificate(der));
    if (!low || !middle || !high) throw new Error('three certificates');
    expect([low.verify(middle.publicKey), middle.verify(high.publicKey), high.verify(high.publicKey)]).toEqual(
      Array(3).fill(true),
    );
    expect([low.checkIssued(middle), middle.checkIssued(high)]).toEqual([true, true]);
    expect([low.ca, middle.ca, low.subjectAltName]).toEqual([false, true, `URI:${readCertificate(leaf).uris[0]}`]);
  });
});

interface GoVerdict {
  readonly [field: string]: unknown;
}

describeWith(['go:certcheck'], 'Go crypto/x509', (path) => {
  const base64 = (der: Uint8Array) => Buffer.from(der).toString('base64');
  const ask = (cases: readonly Specimen[]): readonly GoVerdict[] => {
    const input = cases.map(({ leaf, intermediate, root }) => ({
      leaf: base64(leaf),
      intermediates: [base64(intermediate)],
      roots: [base64(root)],
      now,
    }));
    return JSON.parse(execFileSync(path('go:certcheck'), { input: JSON.stringify(input), encoding: 'utf8' }));
  };

  it('P-1, Istio 85: reads each leaf as we do, and verifies it for servers and for clients', () => {
    const cases = [...byKey, ...byIssuer];
    const verdicts = ask(cases);
    for (const [i, { name, leaf }] of cases.entries()) {
      const { spki, ...rest } = ours(readCertificate(leaf));
      expect({ name, ...verdicts[i] }).toMatchObject({
        name,
        ...rest,
        spki: Buffer.from(spki, 'hex').toString('base64'),
        error: '',
        verify: { serverAuth: '', clientAuth: '' },
        subject: '',
        dns: null,
        isCA: false,
        basicConstraints: true,
        criticalUnknown: 0,
        keyUsage: name.includes('rsa:') ? 5 : 1,
        extKeyUsage: [1, 2],
      });
    }
  });

  it('P-1: parses leaves under ML-DSA, whose signatures its library cannot check', () => {
    expect(ask(byNewIssuer).map(({ error }) => error)).toEqual(['', '', '']);
  });
});

describeWith(['openssl'], 'the openssl command', (path) => {
  const openssl = (args: readonly string[], input?: Uint8Array) =>
    execFileSync(path('openssl'), args, { encoding: 'utf8', stdio: 'pipe', ...(input && { input }) });

  it.each(all)('P-1: shows $name as we wrote it', ({ leaf }) => {
    const options = 'ext_error,no_header,no_signame,no_pubkey,no_sigdump,no_aux';
    const text = openssl(['x509', '-inform', 'der', '-noout', '-text', '-certopt', options], leaf);
    const { uris, serialText } = readCertificate(leaf);
    expect(text).toContain('Version: 3 (0x2)');
    expect(text.replaceAll(/[\s:]/g, '')).toContain(serialText);
    expect(text).toMatch(/Subject: *\n/);
    expect(text).toMatch(/Basic Constraints: critical\n +CA:FALSE\n/);
    expect(text).toMatch(/Extended Key Usage: *\n +TLS Web Server Authentication, TLS Web Client Authentication\n/);
    expect(text).toMatch(new RegExp(`Alternative Name: critical\\n +URI:${uris[0]}\\n`));
  });

  it.each([...byKey.filter(({ name }) => !name.includes('ml-dsa')), ...byIssuer])(
    'P-1, Istio 85: verifies $name strictly, for servers and for clients',
    ({ leaf, intermediate, root }) => {
      const folder = mkdtempSync(join(tmpdir(), 'openssl-'));
      try {
        const pem = (name: string, der: Uint8Array) => {
          const file = join(folder, name);
          writeFileSync(file, new NodeCertificate(der).toString());
          return file;
        };
        const trust = ['-CAfile', pem('root', root), '-untrusted', pem('intermediate', intermediate)];
        for (const purpose of ['sslserver', 'sslclient']) {
          const args = [
            'verify',
            '-x509_strict',
            '-attime',
            String(now),
            '-purpose',
            purpose,
            ...trust,
            pem('leaf', leaf),
          ];
          expect(openssl(args)).toMatch(/: OK\n$/);
        }
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );
});
