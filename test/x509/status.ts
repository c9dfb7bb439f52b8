import { hash } from 'node:crypto';
import { now, signTbs, type TestKey, testMesh } from '#test/x509/mesh.ts';
import type { Der, SignatureAlgorithm } from '#x509/algorithms.ts';
import { readCertificate } from '#x509/certificate.ts';
import { DerReader } from '#x509/der/reader.ts';
import { integer, nothing, octetString, oid, sequence } from '#x509/der/writer.ts';
import { OcspIssuer } from '#x509/ocsp/cert-id.ts';
import { assembleOcsp, type OcspTerms, ocspTbs } from '#x509/ocsp/response.ts';
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

const digests = { sha1: '1.3.14.3.2.26', sha256: '2.16.840.1.101.3.4.2.1', sha512: '2.16.840.1.101.3.4.2.3' };

export interface CertIdParts {
  readonly digest?: keyof typeof digests;
  /** Behind the object identifier. */
  readonly parameters?: Uint8Array;
  /** A whole INTEGER. */
  readonly serial?: Uint8Array;
  readonly nameHash?: Uint8Array;
  readonly keyHash?: Uint8Array;
}

/** CertID of a certificate by that issuer (RFC 6960 §4.1.1), or with any part put in raw. */
export function certId(issuer: Uint8Array, parts: CertIdParts = {}): Der {
  const { digest = 'sha1', parameters = nothing(), serial = integer(7) } = parts;
  const { subject, spki } = readCertificate(issuer);
  const key = DerReader.over(spki).sequence();
  key.skip();
  const hashed = (octets: Uint8Array) => octetString(hash(digest, octets, 'buffer'));
  return sequence(
    sequence(oid(digests[digest]), parameters),
    parts.nameHash ?? hashed(subject),
    parts.keyHash ?? hashed(key.bitOctets()),
    serial,
  );
}

export interface OcspRequestParts {
  /** Elements of the requestList. */
  readonly requests?: readonly Uint8Array[];
  /** Before and behind that list. */
  readonly before?: readonly Uint8Array[];
  readonly behind?: readonly Uint8Array[];
  /** Behind what is signed. */
  readonly signature?: readonly Uint8Array[];
}

export function ocspRequest({ requests = [], before = [], behind = [], signature = [] }: OcspRequestParts): Der {
  return sequence(sequence(...before, sequence(...requests), ...behind), ...signature);
}

export interface TestOcsp {
  readonly terms: OcspTerms;
  readonly tbs: Uint8Array;
  readonly response: Der;
  /** The certificate of who signed it. */
  readonly issuer: Uint8Array;
}

/** A response by the intermediate of the test mesh; `change` over plausible terms. */
export function testOcsp(change: Partial<OcspTerms> = {}, algorithm: SignatureAlgorithm = 'ecdsa-sha256'): TestOcsp {
  const { intermediate: issuer, intermediateKey } = testMesh(algorithm);
  const terms: OcspTerms = {
    keySha1: new OcspIssuer(readCertificate(issuer)).keySha1,
    producedAt: now,
    statuses: [{ certId: certId(issuer), status: 'good', thisUpdate: now, nextUpdate: now + 3600 }],
    ...change,
  };
  const tbs = ocspTbs(terms);
  const response = assembleOcsp(tbs, algorithm, signTbs(tbs, algorithm, intermediateKey));
  return { terms, tbs, response, issuer };
}
