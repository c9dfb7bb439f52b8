import { readCertificate } from '#x509/certificate.ts';
import { readCertificates } from '#x509/certificates.ts';
import { sameBytes } from '#x509/der/reader.ts';
import { readPem, toPem } from '#x509/pem.ts';
import type { Handed } from './request-kind.ts';

const mostRoots = 64;

/** Leaf first, the root left out: PEM. */
export const chainOf = ({ leaf, intermediates }: Handed): string => [leaf, ...intermediates].join('');

/** `now` in ms. */
export const hasEnded = ({ leaf }: Pick<Handed, 'leaf'>, now: number): boolean =>
  readCertificate(readPem(leaf, ['CERTIFICATE'])).notAfter * 1000 < now;

/** PEM of the root that this very chain ends in; empty where it is not among the roots. */
export function rootOf(handed: Handed): string {
  return anchored(handed).own;
}

/** PEM of all roots, that of this very chain first. */
export function rootsOf(handed: Handed): string {
  const { own, others } = anchored(handed);
  return [own, ...others].join('');
}

function anchored({ leaf, intermediates, roots }: Handed): {
  readonly own: string;
  readonly others: readonly string[];
} {
  const top = readCertificate(readPem(intermediates.at(-1) ?? leaf, ['CERTIFICATE']));
  const all = readCertificates(roots, mostRoots);
  const found = all.find(
    (root) => sameBytes(root.subject, top.issuer) && isKeyOf(root.subjectKeyId, top.authorityKeyId?.keyId),
  );
  const pemOf = ({ der }: (typeof all)[number]) => toPem('CERTIFICATE', der);
  return {
    own: found === undefined ? '' : pemOf(found),
    others: all.filter((root) => root !== found).map(pemOf),
  };
}

/** Two roots may have one name; a key identifier that is missing on either side tells nothing. */
const isKeyOf = (own: Uint8Array | undefined, named: Uint8Array | undefined) =>
  own === undefined || named === undefined || sameBytes(own, named);
