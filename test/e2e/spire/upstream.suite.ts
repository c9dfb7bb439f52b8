import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { keyTypes, mint, type Order, type Outcome } from './player.ts';

/** An issuer that SPIRE may be told of. */
export interface Upstream extends Omit<Order, 'keyType' | 'seconds' | 'polls' | 'roots'> {
  /** PEM of each root that SPIRE is to trust. */
  readonly trusted: readonly string[];
  /** Certificates from the intermediate to below the root. */
  readonly chain: number;
  /** -1 where the intermediate has no limit. */
  readonly pathLen: number;
}

const ttl = 6 * 3600;
/** An issuer's clock, and the time that a request takes. */
const slack = 120;
/** Looks: 20 s, so that a test hears of an issuer that is silent. */
const polls = 80;

/** What every issuer above a SPIRE server must hold. `program`: spireupstream. */
export function upstreamSuite(name: string, program: string, upstream: () => Upstream): void {
  describe(`SPIRE below ${name}`, () => {
    function ask(more: Partial<Order> = {}): Promise<Outcome> {
      const { trusted: _trusted, chain: _chain, pathLen: _pathLen, ...order } = upstream();
      return mint(program, { keyType: 'ec-p256', seconds: ttl, polls, ...order, ...more });
    }
    const content = (outcome: Outcome) => expect(outcome).toMatchObject({ error: '', stage: 'done', unswept: '' });

    it.each(keyTypes)('K-81: an %s CA is issued, and SPIRE and go-spiffe accept it', async (keyType) => {
      const outcome = await ask({ keyType });
      content(outcome);
      const { trustDomain, chain, pathLen } = upstream();
      expect(outcome.svid).toBe(`spiffe://${trustDomain}/ns/demo/sa/web`);
      expect(outcome.chain).toBe(chain);
      // The SVID, the chain, the root.
      expect(outcome.verified).toEqual([1 + chain + 1]);
      expect(outcome.authority).toMatchObject({
        uris: [`spiffe://${trustDomain}`],
        keyUsage: expect.arrayContaining(['keyCertSign', 'cRLSign']),
        extKeyUsage: 0,
        pathLen,
        subjectKeyId: expect.stringMatching(/./),
        authorityKeyId: expect.stringMatching(/./),
      });
    });

    it('its subject is the one of the CSR, serialNumber included', async () => {
      const outcome = await ask();
      content(outcome);
      expect(outcome.authority?.subject).toMatch(/^SERIALNUMBER=\d+,O=SPIFFE,C=US$/);
    });

    it('K-81: it lives no longer than ca_ttl, and has not ended', async () => {
      const { authority } = await ask();
      const now = Date.now() / 1000;
      expect(authority?.notAfter).toBeGreaterThan(now);
      expect(authority?.notAfter).toBeLessThanOrEqual(now + ttl + slack);
    });

    it('K-82: the bundle holds the roots of status.ca, each once', async () => {
      const trusted = upstream().trusted.map((pem) => new X509Certificate(pem).fingerprint256);
      const outcome = await ask({ roots: trusted.length });
      content(outcome);
      expect(outcome.roots.toSorted()).toEqual(trusted.map((print) => print.replaceAll(':', '').toLowerCase()).sort());
    });

    it('a SPIRE server nested below it works exactly where the path length leaves room', async () => {
      const outcome = await ask();
      content(outcome);
      expect(outcome.nested).toMatch(upstream().pathLen === 0 ? /too many intermediates/ : /^$/);
    });

    it('whoever reads the certificate finds the request over, and deletes it', async () => {
      const outcome = await ask();
      expect(outcome.swept).toContain(outcome.name);
    });

    it('mints one after the other are for other keys, under the same roots', async () => {
      const first = await ask();
      const second = await ask();
      expect(second.authority?.subjectKeyId).not.toBe(first.authority?.subjectKeyId);
      expect(second.roots).toEqual(first.roots);
    });
  });
}
