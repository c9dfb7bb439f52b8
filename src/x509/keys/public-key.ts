import { createPublicKey, hash, type KeyObject } from 'node:crypto';
import { Refusal } from '#refusal/refusal.ts';
import type { Der, KeyKind } from '../algorithms.ts';
import { DerError, DerReader } from '../der/reader.ts';
import { keyIdentifier } from '../profile/key-identifier.ts';
import { checkEdwardsPoint } from './edwards-point.ts';
import { namedForm } from './named-forms.ts';
import { isRsaIdentifier, type RsaNumbers, readRsaNumbers } from './rsa-shape.ts';
import { refuseUnsupported } from './unsupported.ts';

/** A public key in one of the byte forms that we take; of sound shape, but not yet known to be strong. */
export class PublicKey {
  readonly kind: KeyKind;
  /** The whole SubjectPublicKeyInfo, as received. */
  readonly spki: Der;
  /** Content of the BIT STRING: point, modulus and exponent, or raw key. */
  readonly bits: Uint8Array;
  readonly rsa: RsaNumbers | undefined;
  #spkiSha256: string | undefined;
  #keyId: Uint8Array | undefined;
  #object: KeyObject | undefined;

  constructor(kind: KeyKind, spki: Der, bits: Uint8Array, rsa?: RsaNumbers) {
    this.kind = kind;
    this.spki = spki;
    this.bits = bits;
    this.rsa = rsa;
  }

  /** SHA-256 of the SubjectPublicKeyInfo, lower-case hex. */
  get spkiSha256(): string {
    this.#spkiSha256 ??= hash('sha256', this.spki, 'hex');
    return this.#spkiSha256;
  }

  /** What a subjectKeyIdentifier of ours says of it. */
  get keyId(): Uint8Array {
    this.#keyId ??= keyIdentifier(this.bits);
    return this.#keyId;
  }

  /**
   * The key as OpenSSL holds it. Importing checks that an EC point is on its curve with coordinates below p (cofactor
   * 1, so its order follows). Throws Refusal `key.weak.point` or `key.malformed`.
   */
  get object(): KeyObject {
    this.#object ??= this.#import();
    return this.#object;
  }

  #import(): KeyObject {
    const { buffer, byteOffset, length } = this.spki;
    try {
      return createPublicKey({ key: Buffer.from(buffer, byteOffset, length), format: 'der', type: 'spki' });
    } catch (cause) {
      throw this.kind.startsWith('ec:')
        ? new Refusal('key.weak.point', `the public key is not a point on ${this.kind.slice(3)}`, {}, { cause })
        : new Refusal('key.malformed', `the public key is not of type ${this.kind}`, {}, { cause });
    }
  }
}

/**
 * Reads a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7) in one of the named byte forms. Throws Refusal `key.malformed`
 * (not such a form), `key.not-allowed` (a type, curve, size or exponent that nobody may use here) or
 * `key.weak.point`. Costs no arithmetic.
 */
export function readSpki(spki: Uint8Array): PublicKey {
  const form = namedForm(spki);
  if (form === undefined) return readRsa(spki as Der);
  const bits = spki.subarray(form.bitsAt);
  if (form.kind === 'ed25519') checkEdwardsPoint(bits);
  return new PublicKey(form.kind, spki as Der, bits);
}

function readRsa(spki: Der): PublicKey {
  try {
    const outer = DerReader.over(spki);
    const fields = outer.sequence();
    outer.finish();
    const algorithm = fields.element();
    const bits = fields.bitOctets();
    fields.finish();
    if (!isRsaIdentifier(algorithm)) refuseUnsupported(algorithm);
    const rsa = readRsaNumbers(DerReader.over(bits));
    return new PublicKey(`rsa:${rsa.bits}`, spki, bits, rsa);
  } catch (cause) {
    if (!(cause instanceof DerError)) throw cause;
    throw new Refusal('key.malformed', `the public key is not DER: ${cause.message}`, {}, { cause });
  }
}
