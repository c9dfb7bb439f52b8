import { hash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { entryLimit } from '#audit/entry.ts';
import { buildCsr, dns, email, san, uri } from '#test/x509/csr/build.ts';
import { namedRequests, usual } from '#test/x509/csr/named-requests.ts';
import { everywhere } from '#test/x509/profile/copies.ts';
import { type Certificate, readCertificate } from '#x509/certificate.ts';
import { checkChain } from '#x509/chain/check-chain.ts';
import { purposes } from '#x509/extended-key-usage.ts';
import { readPem } from '#x509/pem.ts';
import { ca, certManager, hosts, isEntry, issued, open, request, rigOf } from './named-rig.ts';
import { codeOf, Rig, root } from './rig.ts';

/** The names of a certificate in the words of the record, read from its bytes. */
function namesIn({ names }: Certificate): string[] {
  const typeOf = (octets: Uint8Array) => {
    const known = { '1.3.6.1.4.1.311.20.2.3': '060a2b060104018237140203', '1.2.3.4': '06032a0304' };
    const found = Object.entries(known).find(([, hex]) => Buffer.from(octets).toString('hex').startsWith(hex));
    return found?.[0];
  };
  return names.map(({ kind, text, octets }) => `${kind}:${kind === 'other' ? typeOf(octets) : text}`);
}

describe('a certificate with the names of its request, through the whole sequence', () => {
  it.each(namedRequests())('A-4, K-15, K-22: "$name" is issued, and its record says what it says', async (asked) => {
    const rig = rigOf();
    const certificate = issued(await rig.ask(request(rig, asked)));
    const [record] = rig.log.records;
    expect([isEntry(record), isEntry.errors]).toEqual([true, null]);
    const { uses } = asked;
    expect(record).toMatchObject({
      type: 'certificate.issued',
      door: 'cert-manager',
      caller: { ...certManager, credential: {} },
      asked: { kind: uses.pathLength === undefined ? 'end-entity' : 'ca', ttl: 24 * 3600 },
      decision: { policy: uses.pathLength === undefined ? 'hosts' : 'cas', policySetId: open.id },
      request: { sha256: hash('sha256', asked.der, 'hex') },
      certificate: {
        sans: namesIn(certificate),
        subject: certificate.subjectText,
        ku: uses.keyUsage,
        eku: uses.extendedKeyUsage,
        notBefore: new Date(certificate.notBefore * 1000).toISOString(),
        notAfter: new Date(certificate.notAfter * 1000).toISOString(),
        serial: certificate.serialText,
        sha256: hash('sha256', certificate.der, 'hex'),
        tbsSha256: hash('sha256', certificate.tbs, 'hex'),
        key: { spkiSha256: hash('sha256', certificate.spki, 'hex') },
      },
      certificateDer: Buffer.from(certificate.der).toString('base64'),
    });
    expect(certificate.extendedKeyUsage ?? []).toEqual(uses.extendedKeyUsage.map((name) => purposes[name]));
    // what the policy gives, unless the CSR asks for less
    expect(certificate.basicConstraints?.pathLength).toBe(uses.pathLength === undefined ? undefined : 2);
    expect(certificate.notAfter - certificate.notBefore).toBe(24 * 3600);
  });

  it('names its SPIFFE ID as the identity of the record, where it has one; the caller keeps its own', async () => {
    const rig = rigOf();
    await rig.ask(
      request(rig, { der: buildCsr({ extensions: [san(uri('spiffe://cluster.local/ns/shop/sa/web'))] }), uses: usual }),
    );
    await rig.ask(request(rig, hosts));
    const [first, second] = rig.log.records;
    expect(first).toMatchObject({
      certificate: { identity: 'spiffe://cluster.local/ns/shop/sa/web' },
      caller: { identity: certManager.identity },
    });
    expect(second?.certificate).not.toHaveProperty('identity');
  });

  it('points where its issuer says that its status is, as a CA does, and no SVID', async () => {
    const rig = rigOf({ pointers: everywhere });
    const named = await Promise.all([hosts, ca()].map(async (asked) => issued(await rig.ask(request(rig, asked)))));
    const svid = Rig.of({ pointers: everywhere });
    const found = [...named, issued(await svid.ask())].map(({ crlUris, ocspUris, caIssuersUris, extensions }) => ({
      places: [crlUris, ocspUris, caIssuersUris].flat(),
      hasAny: extensions.some(({ id }) => ['2.5.29.31', '1.3.6.1.5.5.7.1.1'].includes(id)),
    }));
    const { crl, ocsp, caIssuers } = everywhere;
    const pointing = { places: [crl, ocsp, caIssuers], hasAny: true };
    expect(found).toEqual([pointing, pointing, { places: [], hasAny: false }]);
  });

  it('K-15: leads to the root, with what stands between', async () => {
    const rig = rigOf();
    const end = await rig.ask(request(rig, ca()));
    if ('refusal' in end) throw end.refusal;
    const above = end.issued.facts.intermediates.map((pem) => readCertificate(readPem(pem, ['CERTIFICATE'])));
    const now = rig.clock.now() / 1000;
    const verdict = checkChain({
      target: issued(end),
      intermediates: above,
      roots: [readCertificate(root.certificate)],
      now,
      purpose: 'issuer',
    });
    expect(verdict).toMatchObject({ good: true });
  });

  it('K-27: is issued again for the same key, with another serial', async () => {
    const rig = rigOf();
    const serials = await Promise.all([1, 2].map(async () => issued(await rig.ask(request(rig, hosts))).serialText));
    expect(new Set(serials).size).toBe(2);
  });
});

describe('A-2: the largest of them still have their records', () => {
  const rows: readonly (readonly [string, readonly Uint8Array[], string])[] = [
    ['a hundred long names', Array.from({ length: 100 }, (_, at) => dns(`${'a'.repeat(60)}.${at}.shop`)), 'issued'],
    ['names as long as one may be', Array.from({ length: 3 }, (_, at) => uri(`x:${at}${'a'.repeat(2045)}`)), 'issued'],
    ['mailboxes that JSON writes long', Array.from({ length: 25 }, () => email(`${'"'.repeat(250)}@a.b`)), 'csr.san'],
  ];
  it.each(rows)('%s', async (_, names, code) => {
    const rig = rigOf();
    const asked = { der: buildCsr({ extensions: [san(...names)] }), uses: usual };
    expect(codeOf(await rig.ask(request(rig, asked)))).toBe(code);
    expect(rig.ends).toEqual([code === 'issued' ? 'certificate.issued' : `certificate.denied ${code}`]);
    const [record] = rig.log.records;
    expect([isEntry(record), isEntry.errors]).toEqual([true, null]);
    expect(JSON.stringify(record).length).toBeLessThan(entryLimit);
  });
});
