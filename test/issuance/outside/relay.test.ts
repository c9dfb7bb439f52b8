import { hash, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { LiveIssuer } from '#issuance/live-issuer.ts';
import { Issued } from '#issuance/request.ts';
import { oracle } from '#test/oracles.ts';
import { askOpenssl } from '#test/support/judges.ts';
import { web } from '#test/support/requests.ts';
import { codeOf, Rig, root } from '../rig.ts';
import { type Answering, OutsideCa, plain, trail } from './outside-ca.ts';
import { ca, refusedChains, refusedLeaves, taken } from './returned.ts';

/** A rig whose outside issuer answers so the first time, and as it should from then on. */
function answeringOnce(answering: Answering) {
  const seen: { chain?: string } = {};
  const rig = Rig.relaying((clock) => {
    const outside: OutsideCa = new OutsideCa(ca, clock, async (asked, signal) => {
      outside.answering = plain(ca);
      seen.chain = await answering(asked, signal);
      return seen.chain;
    });
    return outside;
  });
  return { rig, seen };
}

/** SHA-256 of the first certificate, by somebody else's reader; undefined where it reads none. */
function firstIn(chain = ''): string | undefined {
  const block = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/.exec(chain)?.[0];
  return block === undefined ? undefined : hash('sha256', Buffer.from(block.split('-----')[2] ?? '', 'base64'), 'hex');
}

async function refuses<Issuer extends LiveIssuer>(rig: Rig<Issuer>, code: string, field: string): Promise<void> {
  const end = await rig.ask();
  expect(end).toMatchObject({ refusal: { code, detail: { field } } });
  expect(rig.ends).toEqual([`certificate.failed ${code}`]);
  expect(rig.log.records[0]).toMatchObject({ outside: trail, decision: { policy: 'plain' } });
  expect(codeOf(await rig.ask())).toBe('issued');
  expect(rig.ends).toEqual([`certificate.failed ${code}`, 'certificate.issued']);
}

describe('a certificate that comes back from an outside issuer', () => {
  it.each(refusedLeaves)(
    'P-14: $name is not released, its digest is on the record, and the next request is served',
    async ({ answering, field, code }) => {
      const { rig, seen } = answeringOnce(answering);
      await refuses(rig, code, field);
      expect(rig.log.records[0]).toMatchObject({ certificate: { sha256: firstIn(seen.chain) } });
    },
  );
});

describe('what comes back as a chain', () => {
  it.each(refusedChains)(
    'Istio 81, 85: $name is not released, and the next request is served',
    async ({ answering, field, code }) => {
      const { rig, seen } = answeringOnce(answering);
      await refuses(rig, code, field);
      const certificate = rig.log.records[0]?.certificate;
      if (certificate !== undefined) expect(certificate).toEqual({ sha256: firstIn(seen.chain) });
    },
  );
});

describe('certificates that are taken', () => {
  const openssl = oracle('openssl');
  const first: { at: number; chain: readonly string[] }[] = [];

  it.each(taken)('Istio 79–82: %s are released in order, without the root', async (_, answering, elements) => {
    const rig = Rig.relaying((clock) => new OutsideCa(ca, clock, answering));
    const end = await rig.ask();
    if (!('issued' in end)) throw end.refusal;
    expect(Issued.isRecorded(end.issued)).toBe(true);
    const { leaf, intermediates, roots, serial, notAfter } = end.issued.facts;
    const chain = [leaf, ...intermediates, roots];
    first.push({ at: Math.max(rig.clock.now() / 1000, Date.parse(new X509Certificate(leaf).validFrom) / 1000), chain });
    expect(chain).toHaveLength(elements);
    for (const element of chain)
      expect(element).toMatch(/^-----BEGIN CERTIFICATE-----\n[^-]+-----END CERTIFICATE-----\n$/);
    expect(roots).toBe(root.pem);
    const certificates = chain.map((pem) => new X509Certificate(pem));
    for (const [at, certificate] of certificates.entries()) {
      const above = certificates[at + 1];
      if (above !== undefined) expect(certificate.verify(above.publicKey)).toBe(true);
    }
    expect(certificates[0]?.subjectAltName).toBe(`URI:${web}`);
    expect([certificates[0]?.serialNumber.toLowerCase(), certificates[0]?.ca]).toEqual([serial, false]);
    expect(new Date(notAfter * 1000)).toEqual(new Date(certificates[0]?.validTo ?? ''));
    expect(rig.ends).toEqual(['certificate.issued']);
  });

  it.runIf(openssl.available)('Istio 85: are good to OpenSSL too, for servers and for clients', () => {
    if (!openssl.available) return;
    expect(first).toHaveLength(taken.length);
    for (const { at, chain } of first) {
      expect(askOpenssl(openssl.path, { name: 'relayed', chain }, { at })).toEqual(['leaf: OK\n', 'leaf: OK\n']);
    }
  });
});
