import { hash } from 'node:crypto';
import type { SigningIssuer } from '#issuance/live-issuer.ts';
import type { Signer } from '#issuance/ports.ts';
import type { KeyKind } from '#x509/algorithms.ts';
import type { Certificate } from '#x509/certificate.ts';
import { nameText } from '#x509/name.ts';
import { toPem } from '#x509/pem.ts';
import type { StatusPointers } from '#x509/profile/ca-certificate.ts';
import { compileLeafTemplate } from '#x509/profile/leaf-template.ts';
import { importSpki, verifySignature } from '#x509/verify-signature.ts';
import { ChainError, checkIssuer, type IssuerChain } from './check-issuer.ts';
import { rootBundle } from './roots.ts';

export interface IssuerMaterial {
  readonly name: string;
  /** PEM, in any order: the issuing certificate and the intermediates above it; a root among them is dropped. */
  readonly chain: string;
  /** PEM: every live root. */
  readonly roots: string;
  /** What an operator calls the places that chain and roots come from: field and file. */
  readonly places: { readonly chain: string; readonly roots: string };
  readonly trustDomain: string;
  readonly signer: Signer;
  readonly keyKind: KeyKind;
  /** Where its CRL, OCSP answers and certificate are had, without a slash at its end; absent, certificates say nothing of it. */
  readonly statusUrl?: string | undefined;
}

export interface InstalledIssuer {
  readonly live: SigningIssuer;
  /** Sentences: what holds by RFC 5280 and will still hurt somebody, such as URI name constraints. */
  readonly warnings: readonly string[];
}

/** An issuer cannot be taken into service; the sentence says which field and file would have to say what. */
export class IssuerError extends Error {
  override readonly name = 'IssuerError';
}

/**
 * Makes an issuer live, or says why not: its chain is held to all that a ceremony holds one to before it installs it.
 * `now` in seconds. Throws IssuerError.
 */
export function installIssuer(material: IssuerMaterial, now: number): InstalledIssuer {
  const { issuer: issuing, path, root, roots, cross, warnings } = demandChain(material, now);
  if (issuing.subjectKeyId === undefined)
    throw new IssuerError(
      `issuer ${material.name}: ${material.places.chain}: its certificate has no subjectKeyIdentifier`,
    );

  const keyId = Buffer.from(issuing.subjectKeyId).toString('hex');
  const leafIssuer = {
    issuerName: issuing.subject,
    authorityKeyId: issuing.subjectKeyId,
    signatureAlgorithm: material.signer.algorithm,
  };
  const key = importSpki(issuing.spki);
  const { algorithm } = material.signer;
  const window = [...path, root];
  const template = compileLeafTemplate(leafIssuer);
  const live: SigningIssuer = {
    way: 'sign',
    name: material.name,
    signer: material.signer,
    template,
    leafIssuer,
    profile: { id: 'x509-svid-v1', sha256: template.sha256 },
    terms: { name: issuing.subject, keyId: issuing.subjectKeyId },
    verify: (tbs, signature) => verifySignature(key, algorithm, tbs, signature),
    facts: {
      name: material.name,
      notBefore: Math.max(...window.map((certificate) => certificate.notBefore)),
      notAfter: Math.min(...window.map((certificate) => certificate.notAfter)),
      keyKind: material.keyKind,
      algorithm,
      ...pathLengthOf(window),
    },
    intermediates: [...path, ...cross].map((certificate) => toPem('CERTIFICATE', certificate.der)),
    roots: rootBundle(roots),
    subject: nameText(issuing.subject),
    keyId,
    ...(material.statusUrl !== undefined && { pointers: statusPointers(material.statusUrl, keyId) }),
    certificateSha256: hash('sha256', issuing.der, 'hex'),
  };
  return { live, warnings };
}

/** Where the door of `doors/revocation` has them. */
const statusPointers = (url: string, keyId: string): StatusPointers => ({
  crl: `${url}/crl/${keyId}.crl`,
  ocsp: `${url}/ocsp`,
  caIssuers: `${url}/ca/${keyId}.cer`,
});

/** How many CAs may follow the issuing one, whose every superior counts those between. */
function pathLengthOf(window: readonly Certificate[]): { readonly pathLength?: number } {
  const left = window.flatMap(({ basicConstraints }, below) => {
    const { pathLength } = basicConstraints ?? {};
    return pathLength === undefined ? [] : [pathLength - below];
  });
  return left.length === 0 ? {} : { pathLength: Math.min(...left) };
}

function demandChain(material: IssuerMaterial, now: number): IssuerChain {
  const { name, chain, roots, signer, trustDomain, places } = material;
  try {
    return checkIssuer({ chain, roots, spki: signer.spki, trustDomain, now });
  } catch (thrown) {
    if (!(thrown instanceof ChainError)) throw thrown;
    const place = thrown.part === 'roots' ? places.roots : `${places.chain}, under ${places.roots}`;
    throw new IssuerError(`issuer ${name}: ${place}: ${thrown.message}`, { cause: thrown });
  }
}
