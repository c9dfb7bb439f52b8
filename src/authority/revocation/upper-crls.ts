import type { SigningIssuer } from '#issuance/live-issuer.ts';
import { type Certificate, readCertificate } from '#x509/certificate.ts';
import { readCertificates } from '#x509/certificates.ts';
import { readCrl } from '#x509/chain/crl.ts';
import { checkSignature } from '#x509/chain/signature-check.ts';
import { sameBytes } from '#x509/der/reader.ts';
import { nameText } from '#x509/name.ts';
import { readPem, readPemBlocks, toPem } from '#x509/pem.ts';
import { subjectKeyIdentifier } from '#x509/profile/key-identifier.ts';
import type { PublishedCrl } from './crl-keeper.ts';

/** A CRL that somebody else has signed, for a CA above ours. */
export interface UpperCrl extends PublishedCrl {
  /** Subject of that CA. */
  readonly issuer: string;
  readonly number: bigint;
  /** Serials, content octets in hexadecimal. */
  readonly revoked: ReadonlySet<string>;
}

/** The sentence says which CRL, and why it is not taken. */
export class UpperCrlError extends Error {
  override readonly name = 'UpperCrlError';
}

/** CAs of one file, and of one chain. */
const most = 64;
const mostRoots = 1_000;

/**
 * The CRLs of CAs above ours. One is taken where a CA of a chain of ours has signed it, it is in force, and it is no older
 * than the one that is held.
 */
export class UpperCrls {
  readonly #byKey = new Map<string, UpperCrl>();

  /** DER, or PEM with one or several, all of them or none. `now` in seconds. Throws UpperCrlError; then nothing has changed. Gives what was not held before. */
  take(content: Uint8Array, issuers: readonly SigningIssuer[], now: number): UpperCrl[] {
    const authorities = issuers.flatMap((issuer) => authoritiesAbove(issuer));
    const own = new Set(issuers.map(({ keyId }) => keyId));
    const taken = crlsIn(content).map((der) => this.#judge(der, authorities, own, now));
    const news = taken.filter(([keyId, { der }]) => !sameBytes(der, this.#byKey.get(keyId)?.der ?? new Uint8Array()));
    for (const [keyId, crl] of taken) this.#byKey.set(keyId, crl);
    return news.map(([, crl]) => crl);
  }

  #judge(der: Uint8Array, authorities: readonly Certificate[], own: ReadonlySet<string>, now: number) {
    const crl = read(der);
    const name = nameText(crl.issuer);
    const refuse = (why: string) => new UpperCrlError(`the CRL of ${name}: ${why}`);
    const named = authorities.filter(({ subject }) => sameBytes(subject, crl.issuer));
    if (named.length === 0) throw refuse('no CA of that name stands above an issuer of ours');
    const signer = named.find(({ spki }) => checkSignature(crl, spki) === 'good');
    if (signer === undefined) throw refuse('its signature does not verify with the key of that CA');
    if (signer.keyUsage?.includes('cRLSign') === false) throw refuse('that CA may not sign CRLs (keyUsage)');
    const keyId = keyIdOf(signer);
    if (own.has(keyId)) throw refuse('that CA is an issuer of this server, which signs its CRL itself');
    if (crl.nextUpdate <= now) throw refuse(`it ended at ${new Date(crl.nextUpdate * 1000).toISOString()}`);
    const number = BigInt(`0x${Buffer.from(crl.number).toString('hex')}`);
    const held = this.#byKey.get(keyId);
    if (held !== undefined && number < held.number)
      throw refuse(`its number is ${number}, and ${held.number} is in use already`);
    const { thisUpdate, nextUpdate } = crl;
    const revoked = new Set(crl.revoked.keys());
    return [keyId, { ...{ der, issuer: name, number, revoked, thisUpdate, nextUpdate } }] as const;
  }

  get(issuerKeyId: string): UpperCrl | undefined {
    return this.#byKey.get(issuerKeyId);
  }

  all(): UpperCrl[] {
    return [...this.#byKey.values()];
  }
}

export interface CrlBundle {
  /** PEM blocks `X509 CRL`, from each issuer upwards, each CA once. */
  readonly pem: string;
  /** Of the newest and of the one that ends first. Seconds since the epoch. */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
}

/**
 * A CRL for every CA of every chain of these issuers, or the subjects of the CAs that have none in force: a relying party
 * that has one CRL refuses chains with a CA that has none. `crlOf` by key identifier; `now` in seconds.
 */
export function bundleCrls(
  issuers: readonly SigningIssuer[],
  crlOf: (keyId: string) => PublishedCrl | undefined,
  now: number,
): CrlBundle | { readonly missing: readonly string[] } {
  const crls = new Map<string, PublishedCrl>();
  const missing = new Set<string>();
  const need = (keyId: string, subject: string) => {
    const crl = crlOf(keyId);
    if (crl === undefined || crl.nextUpdate <= now) missing.add(subject);
    else crls.set(keyId, crl);
  };
  for (const issuer of issuers) {
    need(issuer.keyId, issuer.subject);
    const authorities = authoritiesAbove(issuer);
    if (authorities.length === 0) missing.add(`the root above ${issuer.subject}`);
    for (const authority of authorities) need(keyIdOf(authority), nameText(authority.subject));
  }
  if (missing.size > 0 || crls.size === 0) return { missing: [...missing] };
  const all = [...crls.values()];
  return {
    pem: all.map(({ der }) => toPem('X509 CRL', der)).join(''),
    thisUpdate: Math.max(...all.map(({ thisUpdate }) => thisUpdate)),
    nextUpdate: Math.min(...all.map(({ nextUpdate }) => nextUpdate)),
  };
}

/** The CAs above an issuer, up to every root that its chain may end in; cross certificates are among them. */
function authoritiesAbove(issuer: SigningIssuer): readonly Certificate[] {
  const known = above.get(issuer);
  if (known !== undefined) return known;
  const path = issuer.intermediates.map((pem) => readCertificate(readPem(pem, ['CERTIFICATE'])));
  const signed = ({ subject, spki }: Certificate) =>
    path.some((below) => sameBytes(subject, below.issuer) && checkSignature(below, spki) === 'good');
  const found = [...path.slice(1), ...readCertificates(issuer.roots, mostRoots).filter(signed)];
  above.set(issuer, found);
  return found;
}

const above = new WeakMap<SigningIssuer, readonly Certificate[]>();

const keyIdOf = ({ subjectKeyId, spki }: Certificate) =>
  Buffer.from(subjectKeyId ?? subjectKeyIdentifier(spki)).toString('hex');

function read(der: Uint8Array) {
  try {
    return readCrl(der);
  } catch (thrown) {
    throw asError(thrown);
  }
}

function crlsIn(content: Uint8Array): Uint8Array[] {
  const text = Buffer.from(content).toString('latin1');
  if (!text.trimStart().startsWith('-----BEGIN')) return [new Uint8Array(content)];
  try {
    return readPemBlocks(text, ['X509 CRL'], most).map(({ der }) => der);
  } catch (thrown) {
    throw asError(thrown);
  }
}

const asError = (thrown: unknown) =>
  new UpperCrlError(thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown });
