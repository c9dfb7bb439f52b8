import { describe, expect, it } from 'vitest';
import { type AuthorityTerms, certify, draftAuthority, type IssuingAuthority } from '#authority/certify.ts';
import type { Signer } from '#issuance/ports.ts';
import { SoftwareSigner } from '#keys/software/signer.ts';
import { systemEntropy } from '#test/ceremony/setting.ts';
import { readCertificate } from '#x509/certificate.ts';
import { checkChain } from '#x509/chain/check-chain.ts';
import { serialNumbers } from '#x509/profile/serial.ts';

const start = Date.UTC(2026, 10, 21) / 1000;
const serials = serialNumbers(systemEntropy, 0x40);
const at = (now: number) => ({ now, serial: serials() });
const certifyIntermediate = async (terms: AuthorityTerms, root: IssuingAuthority, when: ReturnType<typeof at>) =>
  certify(draftAuthority(terms, root, when), root.signer);
const day = 86_400;

async function root(lifetime = 100 * day) {
  const signer = await SoftwareSigner.generate('ec:P-384');
  const tbs = draftAuthority({ subject: { commonName: 'Root' }, spki: signer.spki, lifetime }, { signer }, at(start));
  return { signer, certificate: await certify(tbs, signer) };
}
const terms = async (lifetime = 7 * day) => ({
  subject: { commonName: 'Mesh CA' },
  spki: (await SoftwareSigner.generate('ec:P-256')).spki,
  lifetime,
  pathLength: 0,
  trustDomain: 'cluster.local',
});

describe('making a CA certificate', () => {
  it('makes an intermediate for a key in memory, good by our own chain check', async () => {
    const top = await root();
    const made = await certifyIntermediate(await terms(), top, at(start));
    const verdict = checkChain({
      target: made,
      intermediates: [],
      roots: [top.certificate],
      now: start,
      purpose: 'issuer',
    });
    expect(verdict.good).toBe(true);
    expect(made.uris).toEqual(['spiffe://cluster.local']);
    expect(made.notBefore).toBe(start - 300);
    expect(made.notAfter).toBe(start + 7 * day);
  });

  it('P-7: its authorityKeyIdentifier is the root’s subjectKeyIdentifier, its issuer the root’s subject, octet by octet', async () => {
    const top = await root();
    const made = await certifyIntermediate(await terms(), top, at(start));
    expect(made.authorityKeyId?.keyId).toEqual(top.certificate.subjectKeyId);
    expect(Buffer.from(made.issuer).equals(top.certificate.subject)).toBe(true);
  });

  it('P-5: it begins no earlier and ends no later than its root', async () => {
    const top = await root(2 * day);
    const made = await certifyIntermediate(await terms(7 * day), top, at(start));
    expect([made.notBefore, made.notAfter]).toEqual([top.certificate.notBefore, top.certificate.notAfter]);
  });

  it('P-12: signatureAlgorithm is the same inside and outside, and is the root’s', async () => {
    const made = await certifyIntermediate(await terms(), await root(), at(start));
    expect(made.signatureAlgorithm).toBe('ecdsa-sha384');
  });

  it('gives every certificate a serial of 20 octets of its own', async () => {
    const top = await root();
    const serials = new Set<string>();
    for (let i = 0; i < 20; i++) serials.add((await certifyIntermediate(await terms(), top, at(start))).serialText);
    expect(serials.size).toBe(20);
    for (const serial of serials) expect(serial).toMatch(/^40[0-9a-f]{38}$/);
  });

  const broken: readonly [string, (signer: Signer) => Signer['sign']][] = [
    ['signs other bytes', (signer) => (tbs) => signer.sign(Buffer.concat([tbs, Buffer.of(0)]))],
    [
      'P-14: alters one octet of what it signs',
      (signer) => async (tbs) => {
        const signature = await signer.sign(tbs);
        tbs[20] = (tbs[20] ?? 0) ^ 1;
        return signature;
      },
    ],
    ['gives noise', () => async () => Buffer.alloc(70, 7)],
    ['gives nothing', () => async () => new Uint8Array()],
  ];
  it.each(broken)('P-15: stops at a key that %s', async (_, breaking) => {
    const top = await root();
    const signer: Signer = {
      algorithm: top.signer.algorithm,
      spki: top.signer.spki,
      sign: breaking(top.signer),
      close: () => top.signer.close(),
    };
    const attempt = certifyIntermediate(await terms(), { signer, certificate: top.certificate }, at(start));
    await expect(attempt).rejects.toMatchObject({ code: 'signer.bad-signature' });
  });

  it('refuses to sign with a key that is not the one in the root’s certificate', async () => {
    const [top, other] = [await root(), await root()];
    const attempt = certifyIntermediate(
      await terms(),
      { signer: other.signer, certificate: top.certificate },
      at(start),
    );
    await expect(attempt).rejects.toThrow(/for another key than the one that is to sign/);
  });

  it('reads back what it made', async () => {
    const made = await certifyIntermediate(await terms(), await root(), at(start));
    expect(readCertificate(made.der).subjectText).toBe('CN=Mesh CA');
  });
});
