import 'reflect-metadata'; // what @peculiar/x509 asks of its users
import { createHash, X509Certificate } from 'node:crypto';
import * as peculiar from '@peculiar/x509';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { web } from '#test/support/requests.ts';
import { parseCsr } from '#x509/csr/parse.ts';
import { readPem, toPem } from '#x509/pem.ts';
import { csr, Rig } from '../rig.ts';
import { type Answering, type Asked, caShape, OutsideCa, plain, signed, tbsOf } from './outside-ca.ts';
import { ca, refusedChains, refusedLeaves, taken } from './returned.ts';

const noon = Date.UTC(2026, 10, 21, 12) / 1000;
const asked = parseCsr(readPem(csr(), ['CERTIFICATE REQUEST']));
const goodTbs = tbsOf(caShape(asked, ca, noon, 3600), ca);
const spkiSha256 = createHash('sha256').update(asked.key.spki).digest('hex');
const both = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'];
const harmless =
  peculiar.KeyUsageFlags.digitalSignature |
  peculiar.KeyUsageFlags.keyEncipherment |
  peculiar.KeyUsageFlags.keyAgreement;

/** Two other readers' word on whether a certificate is within what was permitted to `web`; empty, it is. */
function objections(pem: string): string[] {
  const node = new X509Certificate(pem);
  const other = new peculiar.X509Certificate(pem);
  const usages = other.getExtension(peculiar.KeyUsagesExtension)?.usages ?? peculiar.KeyUsageFlags.digitalSignature;
  const spki = node.publicKey.export({ type: 'spki', format: 'der' });
  const seconds = (date: Date) => date.getTime() / 1000;
  const held: readonly (readonly [what: string, holds: boolean])[] = [
    ['key', createHash('sha256').update(spki).digest('hex') === spkiSha256],
    ['names', node.subjectAltName === `URI:${web}`],
    ['CA', !node.ca && other.getExtension(peculiar.BasicConstraintsExtension)?.ca !== true],
    ['keyUsage', (usages & ~harmless) === 0 && (usages & peculiar.KeyUsageFlags.digitalSignature) !== 0],
    ['purposes', JSON.stringify((node.keyUsage ?? []).toSorted()) === JSON.stringify(both)],
    ['common name', !/^(CN|emailAddress)=/m.test(node.subject ?? '') || node.subject === `CN=${web}`],
    ['notBefore', seconds(other.notBefore) >= noon - 180 && seconds(other.notBefore) <= noon + 60],
    ['notAfter', seconds(other.notAfter) <= noon + 3659 && seconds(other.notAfter) > noon],
    ['signature', node.verify(new X509Certificate(ca.pem).publicKey)],
  ];
  return held.filter(([, holds]) => !holds).map(([what]) => what);
}

/** What is released of an answer, and what others object to in it. */
async function released(answering: Answering): Promise<string[] | undefined> {
  const rig = Rig.relaying((clock) => new OutsideCa(ca, clock, answering));
  const end = await rig.ask();
  if (!('issued' in end)) {
    expect(['profile.lint', 'issuer.expired']).toContain(end.refusal.code);
    return undefined;
  }
  return objections(end.issued.facts.leaf);
}

/** A bound against a hang, not a measure: there are hundreds of whole requests in each. */
const patiently = { timeout: 180_000 };

describe('whatever an outside issuer sends', patiently, () => {
  it('P-14: a certificate with one octet altered, and signed so, is released only where nobody else objects to it', async () => {
    const taken: number[] = [];
    for (let at = 0; at < goodTbs.length; at++) {
      const tbs = goodTbs.map((octet, i) => (i === at ? octet ^ (1 << (at % 8)) : octet));
      const objects = await released(() => toPem('CERTIFICATE', signed(tbs, ca)) + ca.pem);
      if (objects === undefined) continue;
      taken.push(at);
      expect([at, objects]).toEqual([at, []]);
    }
    // The serial number is the issuer's own; of the dates a digit may still be within what was permitted.
    const serial = Buffer.from(goodTbs).indexOf(Buffer.of(0x02, 0x10)) + 2;
    const ofSerial = taken.filter((at) => at >= serial && at < serial + 16);
    expect(ofSerial.length).toBeGreaterThan(14);
    expect(taken.length - ofSerial.length).toBeLessThan(6);
  });

  it('P-14: a chain damaged anywhere is not released with other octets than were signed', async () => {
    const answer = await plain(ca)({ csr: asked, now: noon, order: { seconds: 3600 } } as Asked, AbortSignal.abort());
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: answer.length - 1 }),
        fc.integer({ min: 0, max: 120 }),
        fc.string({ maxLength: 80 }),
        async (at, cut, put) => {
          const objects = await released(() => answer.slice(0, at) + put + answer.slice(at + cut));
          expect(objects ?? []).toEqual([]);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('P-14: of any octets at all nothing is released', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 14 }), async (blocks) => {
        const chain = blocks.map((der) => toPem('CERTIFICATE', der)).join('');
        expect(await released(() => chain)).toBeUndefined();
      }),
      { numRuns: 200 },
    );
  });

  it('P-14: the tables of what is refused and what is taken say the same as other readers', async () => {
    for (const [, answering] of taken.filter(([name]) => name !== 'signed by the root itself'))
      expect(await released(answering)).toEqual([]);
    for (const { answering } of [...refusedLeaves, ...refusedChains]) expect(await released(answering)).toBeUndefined();
  });
});
