import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, it } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { signedChecks } from './checks/signed.ts';
import { type SigningCase, signingCases } from './signing-cases.ts';
import { type Signer, SigningRequests } from './signing-requests.ts';
import { checksFor, expectGood, type Issuer, linted, runFor, setUpMs, titled } from './suite.ts';

/**
 * Declares cert-manager's own conformance suite of signers of CertificateSigningRequests, and more of the same, for one
 * signer. `signer` is asked for after the `beforeAll` of whoever declares it.
 */
export function signingConformance(issuer: Issuer, signer: () => Signer): void {
  const cases = runFor(issuer, signingCases);
  describeWith(['openssl', 'go:certcheck'], issuer.title, (path) => {
    const checks = checksFor(issuer, path, signedChecks);
    const run = randomBytes(4).toString('hex');
    const nameOf = ({ number }: SigningCase) => `conformance-${run}-${number}`;
    let requests: SigningRequests;

    beforeAll(async () => {
      requests = new SigningRequests(signer());
      await Promise.all(cases.map((one) => requests.create(nameOf(one), one)));
      await requests.settled();
    }, setUpMs);
    afterAll(() => requests?.[Symbol.asyncDispose]());

    it.each(titled(issuer, cases))('%s', async (_, one) => {
      await expectGood(checks, await requests.evidence(nameOf(one)));
    });

    linted(issuer, () => cases.map((one) => requests.evidence(nameOf(one))));
  });
}
