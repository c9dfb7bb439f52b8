import { type Certificate, readCertificate } from '#x509/certificate.ts';
import { CertificateError } from '#x509/certificate-error.ts';
import { readCertificates } from '#x509/certificates.ts';
import { checkChain } from '#x509/chain/check-chain.ts';
import { meshClientFaults } from '#x509/chain/mesh-clients.ts';
import { pathFaults } from '#x509/chain/path-rules.ts';
import { sameBytes } from '#x509/der/reader.ts';
import { PemError } from '#x509/pem.ts';
import { servingTbs } from '#x509/profile/ca-certificate.ts';
import { assembleSigned } from '#x509/signed.ts';

const maxChain = 12;
const maxRoots = 64;

/** Why a chain makes no issuer of the key, with every fault found; `part` is the file that would have to change. */
export class ChainError extends Error {
  override readonly name = 'ChainError';
  readonly part: 'chain' | 'roots';

  constructor(part: ChainError['part'], sentence: string, options?: ErrorOptions) {
    super(sentence, options);
    this.part = part;
  }
}

export interface IssuerQuestion {
  /** PEM, in any order: the issuer's own certificate, those above it, and the root. */
  readonly chain: string;
  /** PEM of trusted roots, where the chain comes without its own. */
  readonly roots?: string;
  /** SubjectPublicKeyInfo of the key that will sign. */
  readonly spki: Uint8Array;
  readonly trustDomain: string;
  /** Seconds since the epoch. */
  readonly now: number;
}

export interface IssuerChain {
  readonly issuer: Certificate;
  /** Issuer first, root excluded. */
  readonly path: readonly Certificate[];
  readonly root: Certificate;
  /** Every root that was trusted, in the order given. */
  readonly roots: readonly Certificate[];
  /** Other certificates for the CAs of the path, as a root gets from its predecessor; no other came with the chain. */
  readonly cross: readonly Certificate[];
  /** Sentences: what holds by RFC 5280 and will still hurt somebody. */
  readonly warnings: readonly string[];
}

/**
 * Whether a chain makes the key an issuer of SVIDs in that trust domain: path, dates and rights by RFC 5280, names by
 * X509-SVID §3 and §4. Throws ChainError.
 */
export function checkIssuer(question: IssuerQuestion): IssuerChain {
  const given = readAll(question.chain, 'chain', maxChain);
  const trusted = question.roots === undefined ? given.filter(isRoot) : readAll(question.roots, 'roots', maxRoots);
  const issuer = given.find(({ spki }) => sameBytes(spki, question.spki));
  if (issuer === undefined) refuse(['no certificate in it is for our key; was another request signed?']);
  if (isRoot(issuer))
    refuse(['our key is certified by itself: a root issues no leaves, another CA must have signed it']);
  if (trusted.length === 0) refuse(['it ends without a root; add the root to the file, or name it with --roots']);
  const intermediates = given.filter((each) => each !== issuer && !isRoot(each));
  const verdict = checkChain({ target: issuer, intermediates, roots: trusted, now: question.now, purpose: 'issuer' });
  const faults = verdict.good ? [] : verdict.faults.map(({ certificate, sentence }) => `${certificate}: ${sentence}`);
  faults.push(...rightFaults(issuer), ...nameFaults(issuer, question.trustDomain));
  if (verdict.good) faults.push(...leafFaults(verdict.path, question));
  const root = verdict.good ? verdict.path.at(-1) : undefined;
  if (!verdict.good || root === undefined || faults.length > 0) refuse(faults);
  const path = verdict.path.slice(0, -1);
  const others = intermediates.filter((each) => !verdict.path.some(({ der }) => sameBytes(der, each.der)));
  const cross = others.filter((each) => verdict.path.some((certificate) => isSameAuthority(certificate, each)));
  const strays = others.filter((each) => !cross.includes(each));
  if (strays.length > 0)
    refuse(strays.map(({ subjectText }) => `${subjectText}: it is on no way to a root; remove it`));
  return { issuer, path, root, roots: trusted, cross, warnings: warningsOf(issuer, verdict.path) };
}

const isRoot = (certificate: Certificate) => certificate.isSelfIssued;

const isSameAuthority = (one: Certificate, other: Certificate) =>
  sameBytes(one.subject, other.subject) && sameBytes(one.spki, other.spki);

function readAll(pem: string, part: ChainError['part'], most: number): Certificate[] {
  try {
    return readCertificates(pem, most);
  } catch (thrown) {
    if (!(thrown instanceof PemError || thrown instanceof CertificateError)) throw thrown;
    throw new ChainError(part, `the ${part} cannot be read: ${thrown.message}`, { cause: thrown });
  }
}

/** X509-SVID §4: a signing certificate has keyUsage, critical, with keyCertSign. RFC 5280 lets it be absent. */
function rightFaults(issuer: Certificate): string[] {
  const { keyUsage } = issuer;
  if (keyUsage === undefined) return ['our certificate has no keyUsage; it must have keyCertSign'];
  if (!issuer.isCritical('2.5.29.15')) return ['keyUsage of our certificate must be critical'];
  return [];
}

/** The path as it will be with an SVID of ours below it: a constraint can leave room for our CA and none for that. */
function leafFaults(path: readonly Certificate[], { trustDomain, now }: IssuerQuestion): string[] {
  const [issuer] = path;
  if (issuer === undefined) return [];
  const leaf = probeLeaf(issuer, trustDomain, Math.floor(now));
  const faults = pathFaults([leaf, ...path], { now, purpose: 'serverAuth' });
  return faults.map(({ certificate, sentence }) => `for a workload below it, ${certificate}: ${sentence}`);
}

/** A leaf as we would issue it; its signature is not looked at. */
function probeLeaf(issuer: Certificate, trustDomain: string, now: number): Certificate {
  const tbs = servingTbs(
    {
      issuer: { name: issuer.subject, keyId: issuer.subjectKeyId ?? new Uint8Array(20) },
      names: { uris: [`spiffe://${trustDomain}/ns/example/sa/example`] },
      spki: issuer.spki,
      serial: Uint8Array.of(1),
      notBefore: now - 1,
      notAfter: now + 1,
      keyEncipherment: false,
      clientAuth: true,
    },
    'ecdsa-sha256',
  );
  return readCertificate(assembleSigned(tbs, 'ecdsa-sha256', Uint8Array.of(0)));
}

/** X509-SVID §2, §3.1: at most one URI, which is the trust domain without a path. */
function nameFaults({ uris }: Certificate, trustDomain: string): string[] {
  const [uri, ...more] = uris;
  if (more.length > 0) return [`our certificate has ${uris.length} URI names; X509-SVID allows one`];
  if (uri === undefined || uri === `spiffe://${trustDomain}`) return [];
  return [`our certificate is for ${uri}; it must be for spiffe://${trustDomain}, without a path`];
}

function warningsOf(issuer: Certificate, path: readonly Certificate[]): string[] {
  const found = meshClientFaults(path).map(({ certificate, sentence }) => `${certificate}: ${sentence}`);
  const { basicConstraints, uris } = issuer;
  if (basicConstraints?.pathLength !== 0) {
    found.push('our certificate allows CAs below it (pathLenConstraint is not 0); ask for 0, as the request does');
  }
  if (uris.length === 0) found.push('our certificate does not name the trust domain; SPIFFE recommends the URI name');
  if (issuer.keyUsage?.includes('cRLSign') === false) {
    found.push('our certificate may not sign CRLs (keyUsage lacks cRLSign): certificates cannot be revoked by CRL');
  }
  for (const above of path.slice(1)) {
    if (above.notAfter < issuer.notAfter) found.push(`${above.subjectText} ends before our certificate does`);
  }
  return found;
}

function refuse(faults: readonly string[]): never {
  throw new ChainError('chain', `the chain is not taken: ${faults.join('; ')}`);
}
