import { Refusal } from '#refusal/refusal.ts';
import { type DerReader, sameBytes } from '../der/reader.ts';
import { tag } from '../der/tags.ts';

export interface RsaNumbers {
  /** Big-endian magnitude without leading zeros. */
  readonly modulus: Uint8Array;
  readonly exponent: Uint8Array;
  /** Bits of the modulus. */
  readonly bits: number;
}

/** `SEQUENCE { rsaEncryption, NULL }` (RFC 3279 §2.3.1). */
const rsaIdentifier = Uint8Array.from(Buffer.from('300d06092a864886f70d0101010500', 'hex'));
/** Anything longer is an attack on whoever must compute with it. */
const longestModulus = 8192;
/** SP 800-131A: shorter ones are no evidence of anything any more. */
const shortestModulus = 2048;

export const isRsaIdentifier = (algorithm: Uint8Array): boolean => sameBytes(algorithm, rsaIdentifier);

/** RSAPublicKey (RFC 8017 §A.1.1) with every shape rule that OpenSSL leaves to us. Throws Refusal or DerError. */
export function readRsaNumbers(reader: DerReader): RsaNumbers {
  const key = reader.sequence();
  reader.finish();
  const modulus = positive(key.integer(tag.integer), 'modulus');
  const exponent = positive(key.integer(tag.integer), 'public exponent');
  key.finish();

  const bits = bitLength(modulus);
  if (bits > longestModulus) notAllowed(`RSA of ${bits} bits: more than ${longestModulus} are never taken`, bits);
  if (isEven(modulus)) malformed('the RSA modulus is even');
  if (isEven(exponent)) malformed('the RSA public exponent is even');
  if (bitLength(exponent) >= bits) malformed('the RSA public exponent is not below the modulus');
  if (!isF4(exponent)) notAllowed('the RSA public exponent must be 65537', bits);
  if (bits < shortestModulus) notAllowed(`RSA of ${bits} bits: use ${shortestModulus} or more`, bits);
  return { modulus, exponent, bits };
}

/** Magnitude of a positive INTEGER whose content is already minimal. */
function positive(content: Uint8Array, name: string): Uint8Array {
  const first = content[0] ?? 0;
  if (first >= 0x80 || (first === 0 && content.length === 1)) malformed(`the RSA ${name} is not positive`);
  return first === 0 ? content.subarray(1) : content;
}

const bitLength = (magnitude: Uint8Array) => magnitude.length * 8 - Math.clz32(magnitude[0] ?? 0) + 24;
const isEven = (magnitude: Uint8Array) => ((magnitude.at(-1) ?? 0) & 1) === 0;
const isF4 = (e: Uint8Array) => e.length === 3 && e[0] === 1 && e[1] === 0 && e[2] === 1;

function malformed(what: string): never {
  throw new Refusal('key.malformed', what);
}

function notAllowed(what: string, bits: number): never {
  throw new Refusal('key.not-allowed', what, { kind: `rsa:${bits}` });
}
