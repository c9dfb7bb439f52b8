import type { LiveIssuer, SigningIssuer } from '#issuance/live-issuer.ts';
import type { IssuedFacts } from '#issuance/request.ts';
import type { NamedWish } from '#policy/question.ts';
import { type Certificate, readCertificate } from '#x509/certificate.ts';
import { checkSignature } from '#x509/chain/signature-check.ts';
import { type ParsedCsr, parseCsr } from '#x509/csr/parse.ts';
import { sameBytes } from '#x509/der/reader.ts';
import { purposes } from '#x509/extended-key-usage.ts';
import { readPem, readPemBlocks, toPem } from '#x509/pem.ts';

/** Certificates of a chain that anybody may have written. */
const longestChain = 16;
const subjectAltName = '2.5.29.17';

/** Of whoever asked: one PEM PKCS#10, and what was wished of it. */
export interface AskedNamed {
  readonly csr: string;
  readonly wish: Pick<NamedWish, 'kind' | 'keyUsage' | 'extendedKeyUsage'>;
}

/**
 * The first certificate of that PEM chain, with the chain that we give, where one of these issuers has signed it for just what
 * is asked for and it has not ended; else undefined. What our keys have signed is on the record of some replica: nothing
 * leaves before. `now` in ms. Synchronous, and so for cold paths.
 */
export function ownCertificate(
  chain: string,
  asked: AskedNamed,
  issuers: readonly LiveIssuer[],
  now: number,
): Pick<IssuedFacts, 'leaf' | 'intermediates' | 'roots'> | undefined {
  const leaf = readOrNothing(
    () => readPemBlocks(chain, ['CERTIFICATE'], longestChain).map(({ der }) => readCertificate(der))[0],
  );
  const csr = readOrNothing(() => parseCsr(readPem(asked.csr, ['CERTIFICATE REQUEST']), asked.wish.kind));
  if (leaf === undefined || csr === undefined || leaf.notAfter * 1000 < now || !isFor(leaf, csr, asked))
    return undefined;
  const issuer = issuers.find((each): each is SigningIssuer => each.way === 'sign' && hasSigned(each, leaf));
  if (issuer === undefined) return undefined;
  const { intermediates, roots } = issuer;
  return { leaf: toPem('CERTIFICATE', leaf.der), intermediates, roots };
}

function hasSigned({ terms, signer }: SigningIssuer, leaf: Certificate): boolean {
  const keyId = leaf.authorityKeyId?.keyId;
  if (!sameBytes(leaf.issuer, terms.name) || keyId === undefined || !sameBytes(keyId, terms.keyId)) return false;
  return checkSignature(leaf, signer.spki) === 'good';
}

/** Key, subject, names and uses: all that such a certificate takes from its request. */
function isFor(leaf: Certificate, { key, subject, attributes }: ParsedCsr, { wish }: AskedNamed): boolean {
  const { keyUsage = [], extendedKeyUsage = [] } = leaf;
  return (
    sameBytes(leaf.spki, key.spki) &&
    sameBytes(leaf.subject, subject.der) &&
    sameBytes(leaf.extension(subjectAltName)?.value ?? nothing, attributes.extensions.sanDer ?? nothing) &&
    leaf.isCa === (wish.kind === 'ca') &&
    sameSet(keyUsage, wish.keyUsage) &&
    sameSet(
      extendedKeyUsage,
      wish.extendedKeyUsage.map((name) => purposes[name]),
    )
  );
}

const nothing = new Uint8Array();
const sameSet = (one: readonly string[], other: readonly string[]) =>
  new Set(one).symmetricDifference(new Set(other)).size === 0;

/** Bytes of strangers: what cannot be read is nobody's. */
function readOrNothing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
