import type { LiveIssuer } from '#issuance/live-issuer.ts';
import { type Certificate, readCertificate } from '#x509/certificate.ts';
import { CertificateError } from '#x509/certificate-error.ts';
import { checkChain } from '#x509/chain/check-chain.ts';
import { PemError, readPemBlocks, toPem } from '#x509/pem.ts';

const maxRoots = 64;
const maxChain = 12;

/** A bundle of roots that cannot take the place of the one in use; the sentence says why. */
export class RootsError extends Error {
  override readonly name = 'RootsError';
}

/** Each root once, in the order given; the same certificates give the same bytes. */
export function rootBundle(roots: readonly Certificate[]): string {
  return [...new Set(roots.map(({ der }) => toPem('CERTIFICATE', der)))].join('');
}

/**
 * The issuer under another bundle, as a rotation of roots brings it: CA certificates, among them one that the issuer's
 * chain ends in. `now` in seconds. Throws RootsError.
 */
export function withRoots(issuer: LiveIssuer, pem: string, now: number): LiveIssuer {
  const roots = read(pem);
  const stranger = roots.find(({ isCa }) => !isCa);
  if (stranger !== undefined) {
    throw new RootsError(`${stranger.subjectText || `serial ${stranger.serialText}`} is no CA certificate`);
  }
  const [target, ...intermediates] = certificatesIn(issuer.intermediates.join(''), maxChain);
  if (target === undefined) throw new RootsError(`issuer ${issuer.name} has no certificate`);
  const verdict = checkChain({ target, intermediates, roots, now, purpose: 'issuer' });
  if (!verdict.good) {
    const why = verdict.faults.map(({ certificate, sentence }) => `${certificate}: ${sentence}`).join('; ');
    throw new RootsError(`the chain of issuer ${issuer.name} ends in none of them: ${why}`);
  }
  return {
    ...issuer,
    roots: rootBundle(roots),
    facts: {
      ...issuer.facts,
      notBefore: Math.max(...verdict.path.map(({ notBefore }) => notBefore)),
      notAfter: Math.min(...verdict.path.map(({ notAfter }) => notAfter)),
    },
  };
}

function read(pem: string): Certificate[] {
  try {
    return certificatesIn(pem, maxRoots);
  } catch (thrown) {
    if (!(thrown instanceof PemError || thrown instanceof CertificateError)) throw thrown;
    throw new RootsError(`the roots cannot be read: ${thrown.message}`, { cause: thrown });
  }
}

const certificatesIn = (pem: string, most: number) =>
  readPemBlocks(pem, ['CERTIFICATE'], most).map(({ der }) => readCertificate(der));
