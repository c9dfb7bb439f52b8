import type { LiveIssuer, SigningIssuer } from '#issuance/live-issuer.ts';
import type { Certificate } from '#x509/certificate.ts';
import { CertificateError } from '#x509/certificate-error.ts';
import { readCertificates } from '#x509/certificates.ts';
import { checkChain } from '#x509/chain/check-chain.ts';
import { PemError, toPem } from '#x509/pem.ts';

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
 * chain ends in; of an outside issuer that is not known before it has issued. `now` in seconds. Throws RootsError.
 */
export function withRoots<Issuer extends LiveIssuer>(issuer: Issuer, pem: string, now: number): Issuer {
  const roots = read(pem);
  const stranger = roots.find(({ isCa }) => !isCa);
  if (stranger !== undefined) {
    throw new RootsError(`${stranger.subjectText || `serial ${stranger.serialText}`} is no CA certificate`);
  }
  const path = issuer.way === 'sign' ? demandPath(issuer, roots, now) : demandOneAlive(roots, now);
  const window = issuer.way === 'sign' ? innermost(path) : outermost(path);
  const facts = { ...issuer.facts, ...window };
  const bundle = rootBundle(roots);
  return issuer.way === 'sign'
    ? { ...issuer, roots: bundle, facts }
    : { ...issuer, roots: bundle, facts, trusted: roots };
}

function demandPath(issuer: SigningIssuer, roots: readonly Certificate[], now: number): readonly Certificate[] {
  const [target, ...intermediates] = readCertificates(issuer.intermediates.join(''), maxChain);
  if (target === undefined) throw new RootsError(`issuer ${issuer.name} has no certificate`);
  const verdict = checkChain({ target, intermediates, roots, now, purpose: 'issuer' });
  if (verdict.good) return verdict.path;
  const why = verdict.faults.map(({ certificate, sentence }) => `${certificate}: ${sentence}`).join('; ');
  throw new RootsError(`the chain of issuer ${issuer.name} ends in none of them: ${why}`);
}

function demandOneAlive(roots: readonly Certificate[], now: number): readonly Certificate[] {
  const alive = roots.filter(({ notBefore, notAfter }) => notBefore <= now && now <= notAfter);
  if (alive.length === 0) throw new RootsError('none of them is valid now');
  return alive;
}

/** In which all are valid. */
const innermost = (certificates: readonly Certificate[]) => ({
  notBefore: Math.max(...certificates.map(({ notBefore }) => notBefore)),
  notAfter: Math.min(...certificates.map(({ notAfter }) => notAfter)),
});

/** In which any is. */
const outermost = (certificates: readonly Certificate[]) => ({
  notBefore: Math.min(...certificates.map(({ notBefore }) => notBefore)),
  notAfter: Math.max(...certificates.map(({ notAfter }) => notAfter)),
});

function read(pem: string): Certificate[] {
  try {
    return readCertificates(pem, maxRoots);
  } catch (thrown) {
    if (!(thrown instanceof PemError || thrown instanceof CertificateError)) throw thrown;
    throw new RootsError(`the roots cannot be read: ${thrown.message}`, { cause: thrown });
  }
}
