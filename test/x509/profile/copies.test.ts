import 'reflect-metadata'; // what @peculiar/x509 asks of its users
import { execFileSync } from 'node:child_process';
import { X509Certificate as NodeCertificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as peculiar from '@peculiar/x509';
import { describe, expect, it } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { now } from '#test/x509/mesh.ts';
import { readCertificate } from '#x509/certificate.ts';
import { purposeNames, purposes } from '#x509/extended-key-usage.ts';
import { keyUsageNames } from '#x509/key-usage.ts';
import { lintTbs } from '#x509/lint.ts';
import { copiedTbs } from '#x509/profile/ca-certificate.ts';
import { allCopies, type Copy } from './copies.ts';

const all = await allCopies();
const hex = (bytes: Uint8Array | ArrayBuffer | undefined) => Buffer.from(new Uint8Array(bytes ?? [])).toString('hex');
const bits = ({ uses }: Copy) => uses.keyUsage.reduce((sum, use) => sum | (1 << keyUsageNames.indexOf(use)), 0);
const oids = ({ uses }: Copy) => uses.extendedKeyUsage.map((purpose) => purposes[purpose]);
const isForAny = ({ uses: { extendedKeyUsage: listed } }: Copy) =>
  listed.length === 0 || listed.includes('anyExtendedKeyUsage');

describe('our own reader', () => {
  it.each(all)('K-15, K-16: finds in "$name" what the request has, and what was asked for', (copy) => {
    const { certificate, csr, uses } = copy;
    const read = readCertificate(certificate);
    expect(hex(read.subject)).toBe(hex(csr.subject.der));
    expect(hex(read.extension('2.5.29.17')?.value)).toBe(hex(csr.sanDer));
    expect(hex(read.spki)).toBe(hex(csr.key.spki));
    expect(hex(read.extension('2.5.29.30')?.value)).toBe(hex(csr.nameConstraintsDer));
    expect([undefined, true]).toContain(read.extension('2.5.29.30')?.critical);
    expect(read.keyUsage).toEqual(
      uses.keyUsage.length === 0 ? undefined : keyUsageNames.filter((use) => uses.keyUsage.includes(use)),
    );
    expect(read.extendedKeyUsage).toEqual(uses.extendedKeyUsage.length === 0 ? undefined : oids(copy));
    const { pathLength } = uses;
    expect(read.basicConstraints).toEqual(pathLength === undefined ? { ca: false } : { ca: true, pathLength });
    for (const critical of ['2.5.29.19', '2.5.29.15'])
      expect([undefined, true]).toContain(read.extension(critical)?.critical);
    if (csr.sanDer !== undefined) expect(read.isCritical('2.5.29.17')).toBe(csr.subject.empty);
    expect(() => lintTbs(copy.tbs, copy.expected)).not.toThrow();
  });

  it('refuses to write what no certificate holds', () => {
    const [copy] = all;
    if (copy === undefined) throw new Error('there is no copy');
    for (const change of [{ serial: new Uint8Array(20) }, { notAfter: copy.terms.notBefore }])
      expect(() => copiedTbs({ ...copy.terms, ...change }, 'ecdsa-sha256')).toThrow(RangeError);
  });
});

describe('@peculiar/x509', () => {
  it.each(all)(
    'K-15: reads "$name" with the names of its request',
    async ({ certificate, request, above, root, uses }) => {
      const [theirs, ...issuers] = [certificate, ...above, root].map(
        (der) => new peculiar.X509Certificate(Buffer.from(der)),
      );
      const asked = new peculiar.Pkcs10CertificateRequest(Buffer.from(request));
      expect(await asked.verify()).toBe(true);
      expect(theirs?.subject).toBe(asked.subject);
      expect(hex(theirs?.publicKey.rawData)).toBe(hex(asked.publicKey.rawData));
      expect(hex(theirs?.getExtension('2.5.29.17')?.value)).toBe(hex(asked.getExtension('2.5.29.17')?.value));
      expect(hex(theirs?.getExtension('2.5.29.30')?.value)).toBe(hex(asked.getExtension('2.5.29.30')?.value));
      expect(theirs?.getExtension(peculiar.BasicConstraintsExtension)).toMatchObject({
        ca: uses.pathLength !== undefined,
        pathLength: uses.pathLength,
        critical: true,
      });
      expect(await theirs?.verify({ publicKey: issuers[0], date: new Date(now * 1000) })).toBe(true);
    },
  );
});

describeWith(['go:certcheck'], 'Go crypto/x509', (path) => {
  const base64 = (der: Uint8Array) => Buffer.from(der).toString('base64');
  const ask = (copies: readonly Copy[]) => {
    const input = copies.map(({ certificate, above, root, request }) => ({
      leaf: base64(certificate),
      intermediates: above.map(base64),
      roots: [base64(root)],
      now,
      request: base64(request),
    }));
    const verdicts: readonly unknown[] = JSON.parse(
      execFileSync(path('go:certcheck'), { input: JSON.stringify(input), encoding: 'utf8' }),
    );
    return verdicts;
  };

  it('K-15, K-22, K-24, K-25: finds subject, names and key octet for octet, the uses, and a good chain', () => {
    const verdicts = ask(all);
    for (const [at, copy] of all.entries()) {
      const { name, csr, uses } = copy;
      const named = (kind: string) => csr.sans.filter((san) => san.kind === kind).map(({ value }) => value);
      const list = (values: readonly unknown[]) => (values.length === 0 ? null : values);
      const verified = (purpose: 'serverAuth' | 'clientAuth') =>
        isForAny(copy) || uses.extendedKeyUsage.includes(purpose)
          ? ''
          : expect.stringContaining('incompatible key usage');
      expect({ name, ...Object(verdicts[at]) }).toMatchObject({
        name,
        error: '',
        copied: { subject: true, names: true, key: true, constraints: true },
        verify: { serverAuth: verified('serverAuth'), clientAuth: verified('clientAuth') },
        dns: list(named('dns')),
        ips: list(named('ip')),
        emails: list(named('email')),
        uris: list(named('uri')),
        sanCritical: csr.subject.empty,
        keyUsage: bits(copy),
        extKeyUsage: list(uses.extendedKeyUsage.map((purpose) => purposeNames.indexOf(purpose))),
        isCA: uses.pathLength !== undefined,
        basicConstraints: true,
        maxPathLen: uses.pathLength ?? -1,
        criticalUnknown: 0,
        crls: list(readCertificate(copy.certificate).crlUris),
        ocsp: list(readCertificate(copy.certificate).ocspUris),
        caIssuers: list(readCertificate(copy.certificate).caIssuersUris),
      });
    }
  });

  it('K-15: tells a certificate with the names of another request', () => {
    const [first, second] = [all[0], all.find(({ csr }) => !csr.subject.empty && csr.sans.length > 0)];
    if (first === undefined || second === undefined) throw new Error('there are no two');
    expect(ask([{ ...first, request: second.request }])).toMatchObject([
      { copied: { subject: false, names: false, key: false } },
    ]);
  });
});

describeWith(['openssl'], 'the openssl command', (path) => {
  const openssl = (args: readonly string[], input?: Uint8Array) =>
    execFileSync(path('openssl'), args, { encoding: 'utf8', stdio: 'pipe', ...(input && { input }) });
  /** Names as they are encoded, string types included. */
  const subject = ['-inform', 'der', '-noout', '-subject', '-nameopt', 'RFC2253,show_type,dump_der,dump_all'];

  it.each(all)(
    'K-25: shows "$name" with the subject of its request, in order and in its types',
    ({ certificate, request }) => {
      expect(openssl(['x509', ...subject], certificate)).toBe(openssl(['req', ...subject], request));
    },
  );

  it.each(all)('takes "$name" strictly', ({ certificate, above, root }) => {
    const folder = mkdtempSync(join(tmpdir(), 'copies-'));
    try {
      const pem = (name: string, ders: readonly Uint8Array[]) => {
        const file = join(folder, name);
        writeFileSync(file, ders.map((der) => new NodeCertificate(der).toString()).join(''));
        return file;
      };
      const untrusted = above.length === 0 ? [] : ['-untrusted', pem('above', above)];
      const trust = ['-CAfile', pem('root', [root]), ...untrusted];
      const verified = openssl([
        'verify',
        '-x509_strict',
        '-attime',
        String(now),
        ...trust,
        pem('leaf', [certificate]),
      ]);
      expect(verified).toMatch(/: OK\n$/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
