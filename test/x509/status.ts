import { now, signTbs, type TestKey, testMesh } from '#test/x509/mesh.ts';
import type { Der, SignatureAlgorithm } from '#x509/algorithms.ts';
import { readCertificate } from '#x509/certificate.ts';
import { type CrlTerms, crlTbs } from '#x509/profile/revocation-list.ts';
import { assembleSigned } from '#x509/signed.ts';

export interface TestCrl {
  readonly terms: CrlTerms;
  readonly tbs: Uint8Array;
  readonly crl: Der;
  /** The certificate of who signed it. */
  readonly issuer: Uint8Array;
}

/** A CRL by the intermediate of the test mesh, or by its root; `change` over plausible terms. */
export function testCrl(
  change: Partial<CrlTerms> = {},
  algorithm: SignatureAlgorithm = 'ecdsa-sha256',
  by: 'root' | 'intermediate' = 'intermediate',
): TestCrl {
  const mesh = testMesh(algorithm);
  const [issuer, key]: [Uint8Array, TestKey] =
    by === 'root' ? [mesh.root, mesh.rootKey] : [mesh.intermediate, mesh.intermediateKey];
  const { subject, subjectKeyId } = readCertificate(issuer);
  const terms: CrlTerms = {
    issuer: { name: subject, keyId: subjectKeyId ?? new Uint8Array() },
    number: Uint8Array.of(1),
    thisUpdate: now,
    nextUpdate: now + 86_400,
    revoked: [],
    ...change,
  };
  const tbs = crlTbs(terms, algorithm);
  return { terms, tbs, crl: assembleSigned(tbs, algorithm, signTbs(tbs, algorithm, key)), issuer };
}
