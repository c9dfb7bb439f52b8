import 'reflect-metadata'; // what @peculiar/x509 asks of its users
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as peculiar from '@peculiar/x509';
import { afterAll, describe, expect, it } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { pkilint, zlintCrls } from '#test/x509/linters.ts';
import { now, randomSerial, testMesh } from '#test/x509/mesh.ts';
import { type TestCrl, testCrl } from '#test/x509/status.ts';
import type { SignatureAlgorithm } from '#x509/algorithms.ts';
import { toPem } from '#x509/pem.ts';
import type { RevokedEntry } from '#x509/profile/revocation-list.ts';
import { reasonNumber, revocationReasons } from '#x509/revocation-reason.ts';

const entries: readonly RevokedEntry[] = revocationReasons.map((reason, at) => ({
  serial: randomSerial(),
  revokedAt: now - 86_400 + at,
  reason,
}));
const long = Date.UTC(2050, 0, 1) / 1000;
const algorithms: SignatureAlgorithm[] = ['ecdsa-sha384', 'ecdsa-sha512', 'rsa-sha256', 'rsa-sha512', 'ed25519'];
const all: readonly (TestCrl & { readonly name: string })[] = [
  { name: 'of nothing', ...testCrl() },
  { name: 'of one for every reason', ...testCrl({ revoked: entries }) },
  { name: 'of the root', ...testCrl({ revoked: entries.slice(0, 1) }, 'ecdsa-sha256', 'root') },
  { name: 'of a great number', ...testCrl({ number: new Uint8Array(20).fill(0x7f) }) },
  { name: 'across 2050', ...testCrl({ nextUpdate: long }) },
  {
    name: 'of a thousand',
    ...testCrl({ revoked: Array.from({ length: 1000 }, () => ({ serial: randomSerial(), revokedAt: now })) }),
  },
  ...algorithms.map((algorithm) => ({ name: `under ${algorithm}`, ...testCrl({ revoked: entries }, algorithm) })),
];

const hex = (octets: Uint8Array) => Buffer.from(octets).toString('hex');
const decimal = (octets: Uint8Array) => BigInt(`0x${hex(octets)}`).toString();
const bySerial = (a: RevokedEntry, b: RevokedEntry) => Buffer.compare(a.serial, b.serial);
const sorted = ({ terms }: TestCrl) => [...terms.revoked].sort(bySerial);

describe('@peculiar/x509', () => {
  it.each(all)('P-16: reads a CRL $name as it was meant, and verifies it', async (each) => {
    const { crl, terms, issuer } = each;
    const theirs = new peculiar.X509Crl(Buffer.from(crl));
    expect([theirs.version, theirs.thisUpdate.getTime() / 1000, (theirs.nextUpdate?.getTime() ?? 0) / 1000]).toEqual([
      1, // which is version 2
      terms.thisUpdate,
      terms.nextUpdate,
    ]);
    expect(
      theirs.entries.map(({ serialNumber, revocationDate, reason }) => [
        serialNumber,
        revocationDate.getTime() / 1000,
        reason ?? 0,
      ]),
    ).toEqual(
      sorted(each).map(({ serial, revokedAt, reason = 'unspecified' }) => [
        hex(serial),
        revokedAt,
        reasonNumber(reason),
      ]),
    );
    expect(await theirs.verify({ publicKey: new peculiar.X509Certificate(Buffer.from(issuer)) })).toBe(true);
  });
});

describeWith(['go:statuscheck'], 'Go crypto/x509', (path) => {
  const base64 = (der: Uint8Array) => Buffer.from(der).toString('base64');
  const ask = (cases: readonly Pick<TestCrl, 'crl' | 'issuer'>[]): readonly unknown[] => {
    const input = cases.map(({ crl, issuer }) => ({ crl: base64(crl), issuer: base64(issuer) }));
    return JSON.parse(execFileSync(path('go:statuscheck'), { input: JSON.stringify(input), encoding: 'utf8' }));
  };

  it('P-16: reads every CRL as it was meant, and finds it signed by its issuer', () => {
    expect(ask(all)).toEqual(
      all.map((each) => ({
        error: '',
        signature: '',
        issuer: hex(each.terms.issuer.name),
        number: decimal(each.terms.number),
        thisUpdate: each.terms.thisUpdate,
        nextUpdate: each.terms.nextUpdate,
        authorityKeyId: hex(each.terms.issuer.keyId),
        extensions: ['2.5.29.35', '2.5.29.20'],
        critical: 0,
        revoked: sorted(each).map(({ serial, revokedAt, reason = 'unspecified' }) => ({
          serial: decimal(serial),
          revokedAt,
          reason: reasonNumber(reason),
          extensions: reason === 'unspecified' ? 0 : 1,
        })),
      })),
    );
  });

  it('is awake: the CRL of another issuer is told', () => {
    const { crl } = testCrl();
    expect(ask([{ crl, issuer: testMesh().root }])).toMatchObject([{ signature: expect.stringMatching(/.+/) }]);
  });
});

describeWith(['openssl'], 'the openssl command', (path) => {
  const folder = mkdtempSync(join(tmpdir(), 'crl-judges-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = (name: string, ...pem: readonly string[]) => {
    writeFileSync(join(folder, name), pem.join(''));
    return join(folder, name);
  };
  const certificate = (der: Uint8Array) => toPem('CERTIFICATE', der);
  const list = ({ crl }: TestCrl) => toPem('X509 CRL', crl);

  it.each(all)('finds a CRL $name signed by its issuer', ({ crl, issuer }) => {
    const trust = ['-CAfile', file('issuer', certificate(issuer))];
    const { stderr } = spawnSync(path('openssl'), ['crl', '-inform', 'der', '-noout', ...trust], {
      input: crl,
      encoding: 'utf8',
    });
    expect(stderr).toContain('verify OK');
  });

  it('P-16: shows version, number, key identifier and every reason but unspecified', () => {
    const { crl } = testCrl({ revoked: entries, number: Uint8Array.of(0x12, 0x34) });
    const text = execFileSync(path('openssl'), ['crl', '-inform', 'der', '-noout', '-text'], {
      input: crl,
      encoding: 'utf8',
    });
    expect(text).toMatch(/Version 2 \(0x1\)/);
    expect(text).toMatch(/X509v3 CRL Number: \n +4660/);
    expect(text).toMatch(/X509v3 Authority Key Identifier: \n +[0-9A-F:]{59}\n/);
    expect(text.match(/X509v3 CRL Reason Code: \n +.*/g)).toHaveLength(8);
    for (const word of [
      'Key Compromise',
      'CA Compromise',
      'Affiliation Changed',
      'Superseded',
      'Cessation Of Operation',
    ])
      expect(text).toContain(word);
    for (const word of ['Certificate Hold', 'Privilege Withdrawn', 'AA Compromise']) expect(text).toContain(word);
  });

  it('RFC 5280 6.3: refuses the revoked leaf and takes the other, strictly, over the CRLs of every issuer', () => {
    const mesh = testMesh();
    const [good, revoked] = [mesh.leaf(), mesh.leaf()];
    const crls = [
      list(testCrl({ revoked: [...entries, { serial: revoked.terms.serial, revokedAt: now, reason: 'superseded' }] })),
      list(testCrl({}, 'ecdsa-sha256', 'root')),
    ];
    const verify = (leaf: Uint8Array) => {
      const { stdout, stderr } = spawnSync(
        path('openssl'),
        [
          ...['verify', '-x509_strict', '-crl_check_all', '-attime', String(now + 60)],
          ...[
            '-CAfile',
            file('root', certificate(mesh.root)),
            '-untrusted',
            file('middle', certificate(mesh.intermediate)),
          ],
          ...['-CRLfile', file('crls', ...crls), file('leaf', certificate(leaf))],
        ],
        { encoding: 'utf8' },
      );
      return stdout + stderr;
    };
    expect(verify(good.certificate)).toMatch(/leaf: OK/);
    expect(verify(revoked.certificate)).toMatch(/error 23 at 0 depth lookup: certificate revoked/);
  });
});

const beside = (findings: readonly (readonly string[])[]) => findings.map((found, at) => [all[at]?.name, found]);
const clean = all.map(({ name }) => [name, []]);

describeWith(['pkilint'], 'pkilint', (path) => {
  it('P-2: finds nothing on any CRL', () => {
    expect(
      beside(
        pkilint(
          path('pkilint'),
          all.map(({ crl }) => ({ crl })),
        ),
      ),
    ).toEqual(clean);
  });
});

describeWith(['zlint'], 'zlint', (path) => {
  it('P-2: finds nothing on any CRL', () => {
    expect(
      beside(
        zlintCrls(
          path('zlint'),
          all.map(({ crl }) => crl),
        ),
      ),
    ).toEqual(clean);
  });
});
