import { execFileSync } from 'node:child_process';
import { sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { buildCsr, commonName, ecKey, san, uri } from '#test/x509/csr/build.ts';
import { now, randomSerial, testKey } from '#test/x509/mesh.ts';
import { readCertificate } from '#x509/certificate.ts';
import { checkChain } from '#x509/chain/check-chain.ts';
import { servingTbs } from '#x509/profile/ca-certificate.ts';
import { assembleSigned } from '#x509/signed.ts';
import { type Copy, copyOf } from './copies.ts';

const key = ecKey('P-256');
/** What SPIRE asks of cert-manager: an URI, a subject, neither usages nor basicConstraints in the CSR. */
const request = () => buildCsr({ key, subject: commonName('SPIRE'), extensions: [san(uri('spiffe://cluster.local'))] });

const spire = (pathLength: number) =>
  copyOf({
    name: 'SPIRE',
    uses: { keyUsage: ['keyCertSign', 'cRLSign'], extendedKeyUsage: [], pathLength },
    der: request(),
  });

/** A workload's certificate, signed by the CA that was issued. */
function below({ certificate }: Copy): Uint8Array {
  const ca = readCertificate(certificate);
  const tbs = servingTbs(
    {
      issuer: { name: ca.subject, keyId: ca.subjectKeyId ?? new Uint8Array() },
      names: { uris: ['spiffe://cluster.local/ns/demo/sa/web'] },
      keyEncipherment: false,
      clientAuth: true,
      spki: testKey('ec:P-256', 'workload').spki,
      serial: randomSerial(),
      notBefore: now - 60,
      notAfter: now + 3600,
    },
    'ecdsa-sha256',
  );
  return assembleSigned(tbs, 'ecdsa-sha256', sign('sha256', tbs, key.privateKey));
}

describe('a CA with the names of its request', () => {
  it('K-81: signs what our own check of chains takes', async () => {
    const ca = await spire(0);
    const verdict = checkChain({
      target: readCertificate(below(ca)),
      intermediates: [readCertificate(ca.certificate)],
      roots: [readCertificate(ca.root)],
      now,
      purpose: 'serverAuth',
    });
    expect(verdict).toMatchObject({ good: true });
  });

  it('K-81: has keyCertSign and cRLSign and no more, no purpose, and the trust domain as its one URI', async () => {
    const { certificate } = await spire(0);
    expect(readCertificate(certificate)).toMatchObject({
      isCa: true,
      keyUsage: ['keyCertSign', 'cRLSign'],
      extendedKeyUsage: undefined,
      uris: ['spiffe://cluster.local'],
      nameConstraints: undefined,
    });
  });
});

describeWith(['go:certcheck'], 'Go, given a workload below such a CA', (path) => {
  const verdicts = (copies: readonly Copy[], leaf: (copy: Copy) => Uint8Array) => {
    const base64 = (der: Uint8Array) => Buffer.from(der).toString('base64');
    const input = copies.map((copy) => ({
      leaf: base64(leaf(copy)),
      intermediates: [copy.certificate, ...copy.above].map(base64),
      roots: [base64(copy.root)],
      now,
    }));
    const answers: readonly { readonly error: string; readonly verify: Record<string, string> }[] = JSON.parse(
      execFileSync(path('go:certcheck'), { input: JSON.stringify(input), encoding: 'utf8' }),
    );
    return answers.map(({ error, verify }) => error || verify.serverAuth);
  };

  it('K-81: verifies it, by the path lengths that were asked for', async () => {
    const copies = await Promise.all([0, 1, 2].map(spire));
    expect(verdicts(copies, below)).toEqual(['', '', '']);
  });

  it('refuses it below an end entity, though that has no key usage at all', async () => {
    const entity = await copyOf({
      name: 'web',
      uses: { keyUsage: [], extendedKeyUsage: ['serverAuth'] },
      der: request(),
    });
    expect(verdicts([entity], below)).toEqual([expect.stringContaining('cannot sign this kind of certificate')]);
  });
});
