import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { type CertificateCase, cases as upstreamCases } from './cases.ts';
import { Certificates, type Place } from './certificates.ts';
import { storedChecks } from './checks/stored.ts';
import type { Evidence } from './evidence.ts';
import { ownCases } from './own-cases.ts';
import { renewals } from './renewals.ts';
import { checksFor, expectGood, type Issuer, issuedOf, linted, runFor, setUpMs, titled } from './suite.ts';

/**
 * Declares cert-manager's own conformance suite of issuers, and more of the same, for one issuer. Every case is a real
 * Certificate that cert-manager's controllers make a request of; all are made at once. `place` is asked for after the
 * `beforeAll` of whoever declares it.
 */
export function certificateConformance(issuer: Issuer, place: () => Place): void {
  const cases = runFor(issuer, [...upstreamCases, ...ownCases]);
  const again = runFor(issuer, renewals);
  describeWith(['openssl', 'go:certcheck'], issuer.title, (path) => {
    const checks = checksFor(issuer, path, storedChecks);
    const run = randomBytes(4).toString('hex');
    const nameOf = ({ number }: CertificateCase) => `conformance-${run}-${number}`;
    const found = new Map<CertificateCase, Promise<Evidence>>();
    let certificates: Certificates;

    /** Of its first issuance. */
    const evidence = (one: CertificateCase): Promise<Evidence> => {
      const known = found.get(one) ?? certificates.evidence(nameOf(one), one.wish);
      found.set(one, known);
      return known;
    };
    const all = () => cases.map(evidence);

    beforeAll(async () => {
      certificates = new Certificates(place());
      const made = [...cases, ...again];
      await Promise.all(made.map((one) => certificates.create(nameOf(one), one.wish)));
      await certificates.settled(made.map(nameOf));
    }, setUpMs);

    it.each(titled(issuer, cases))('%s', async (_, one) => {
      await expectGood(checks, await evidence(one));
    });

    const spoken = issuer.statement === undefined ? [] : checks.filter(({ name }) => name.startsWith('K-'));
    it.each(spoken.map((check) => [check.name, check] as const))('%s', async (_, check) => {
      for (const one of await issuedOf(all())) await expectGood([check], one);
    });

    linted(issuer, all);

    describe.skipIf(again.length === 0)('issued again', () => {
      beforeAll(async () => {
        const ends = await Promise.allSettled(again.map(evidence));
        const once = again.filter((_, n) => ends[n]?.status === 'fulfilled');
        await Promise.all(once.map((one) => one.cause(certificates, nameOf(one))));
        await certificates.settled(once.map(nameOf), 2);
      }, setUpMs);

      it.each(titled(issuer, again))('%s', async (_, one) => {
        const first = await evidence(one);
        const second = await certificates.evidence(nameOf(one), { ...one.wish, ...one.afterwards }, 2);
        await expectGood(checks, second);
        expect(second.certificate.serialNumber).not.toBe(first.certificate.serialNumber);
        expect(second.leaf.key.equals(first.leaf.key) ? 'same' : 'other').toBe(one.key);
      });
    });
  });
}
