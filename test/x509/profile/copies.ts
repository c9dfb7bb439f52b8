import { namedRequests, type Uses } from '#test/x509/csr/named-requests.ts';
import { now, randomSerial, signTbs, type TestKey, testMesh } from '#test/x509/mesh.ts';
import type { SignatureAlgorithm } from '#x509/algorithms.ts';
import { readCertificate } from '#x509/certificate.ts';
import { VerifiedCsr } from '#x509/csr/verified-csr.ts';
import { KeyStrength } from '#x509/keys/key-strength.ts';
import type { CopiedExpectation } from '#x509/lint.ts';
import { toPem } from '#x509/pem.ts';
import { type CopiedTerms, copiedTbs, type StatusPointers } from '#x509/profile/ca-certificate.ts';
import { assembleSigned } from '#x509/signed.ts';

/** A certificate with the names of its request, end entities below the mesh's intermediate and CAs below its root. */
export interface Copy {
  readonly name: string;
  readonly uses: Uses;
  /** DER PKCS#10. */
  readonly request: Uint8Array;
  readonly csr: VerifiedCsr;
  readonly terms: CopiedTerms;
  readonly tbs: Uint8Array;
  readonly certificate: Uint8Array;
  /** Whoever signed it first, root excluded. */
  readonly above: readonly Uint8Array[];
  readonly root: Uint8Array;
  readonly expected: CopiedExpectation;
}

const checks = { keyStrength: new KeyStrength(), ownKeys: new Set<string>() };

export async function copyOf(
  { name, uses, der: request }: { readonly name: string; readonly uses: Uses; readonly der: Uint8Array },
  algorithm: SignatureAlgorithm = 'ecdsa-sha256',
  pointers?: StatusPointers,
): Promise<Copy> {
  const { pathLength } = uses;
  const kind = pathLength === undefined ? 'end-entity' : 'ca';
  const csr = await VerifiedCsr.read(toPem('CERTIFICATE REQUEST', request), checks, { kind });
  const mesh = testMesh(algorithm);
  const [signer, by]: [TestKey, Uint8Array] =
    kind === 'ca' ? [mesh.rootKey, mesh.root] : [mesh.intermediateKey, mesh.intermediate];
  const above = readCertificate(by);
  const keyId = above.subjectKeyId ?? new Uint8Array();
  const common = { serial: randomSerial(), notBefore: now - 120, notAfter: now + 2160 * 3600, spki: csr.key.spki };
  const { keyUsage, extendedKeyUsage } = uses;
  const { sanDer: names, nameConstraintsDer: nameConstraints, mustStaple } = csr;
  const copied = { subject: csr.subject.der, names, nameConstraints, mustStaple };
  const terms = {
    ...common,
    ...copied,
    keyUsage,
    extendedKeyUsage,
    issuer: { name: above.subject, keyId },
    ...(pathLength !== undefined && { ca: { pathLength } }),
    ...(pointers && { pointers }),
  };
  const tbs = copiedTbs(terms, algorithm);
  return {
    name,
    uses,
    request,
    csr,
    terms,
    tbs,
    certificate: assembleSigned(tbs, algorithm, signTbs(tbs, algorithm, signer)),
    above: kind === 'ca' ? [] : [by],
    root: mesh.root,
    expected: {
      ...common,
      copied,
      keyUsage,
      extendedKeyUsage,
      issuer: { issuerName: above.subject, authorityKeyId: keyId, signatureAlgorithm: algorithm },
      subjectKeyId: csr.key.keyId,
      maxSize: 16 * 1024,
      ...(pathLength !== undefined && { ca: { pathLength } }),
      ...(pointers && { pointers }),
    },
  };
}

export const everywhere: StatusPointers = {
  crl: 'http://status.mesh.example/mesh.crl',
  ocsp: 'http://status.mesh.example:8889/ocsp',
  caIssuers: 'http://status.mesh.example/mesh.cer',
};

/** Of every request, under P-256; of one host below every algorithm that others verify; and of two that point to their status. */
export async function allCopies(): Promise<readonly Copy[]> {
  const requests = namedRequests();
  const [host] = requests;
  const ca = requests.find(({ uses }) => uses.pathLength !== undefined);
  if (host === undefined || ca === undefined) throw new Error('there is no request');
  const algorithms = ['ecdsa-sha384', 'ecdsa-sha512', 'rsa-sha256', 'rsa-sha512', 'ed25519'] as const;
  const below = algorithms.map((algorithm) => copyOf({ ...host, name: `K-22: a host under ${algorithm}` }, algorithm));
  const pointing = [
    copyOf({ ...host, name: 'a host that points' }, 'ecdsa-sha256', everywhere),
    copyOf({ ...ca, name: 'a CA that points' }, 'ecdsa-sha256', everywhere),
  ];
  return Promise.all([...requests.map((request) => copyOf(request)), ...below, ...pointing]);
}
