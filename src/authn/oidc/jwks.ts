import { type CryptoKey, importJWK, type JWK } from 'jose';
import { keyOf, type TokenAlgorithm } from './token-algorithm.ts';

export const maxJwksLength = 256 * 1024;
const maxKeys = 128;
const minRsaBits = 2048;

/** One published key, imported for one algorithm when a token first asks for it. */
interface PublishedKey {
  readonly jwk: JWK;
  readonly imported: Map<TokenAlgorithm, Promise<CryptoKey>>;
}

/** A JWK Set (RFC 7517 §5) as far as it can check our tokens: keys of other kinds and uses are passed over. */
export class JsonWebKeySet {
  readonly #keys: readonly PublishedKey[];

  /** Throws Error when `text` is no JWK Set or holds no key that could check a signature. */
  constructor(text: string) {
    this.#keys = readKeys(text).map((jwk) => ({ jwk, imported: new Map() }));
    if (this.#keys.length === 0) throw new Error('the JWK Set has no public signature key of type RSA, EC or OKP');
  }

  /**
   * The key for a token's header; undefined when none fits, `ambiguous` when several do. Without a kid the set must
   * hold just one key that fits.
   */
  find(kid: string | undefined, algorithm: TokenAlgorithm): Promise<CryptoKey> | 'ambiguous' | undefined {
    const fitting = this.#keys.filter(({ jwk }) => (kid === undefined || jwk.kid === kid) && fits(jwk, algorithm));
    const [key] = fitting;
    if (key === undefined) return undefined;
    return fitting.length > 1 ? 'ambiguous' : importFor(key, algorithm);
  }
}

function importFor(key: PublishedKey, algorithm: TokenAlgorithm): Promise<CryptoKey> {
  const known = key.imported.get(algorithm);
  if (known !== undefined) return known;
  const fresh = importJWK({ ...key.jwk, alg: algorithm }, algorithm).then((made) => {
    if (made instanceof Uint8Array) throw new Error('a symmetric key');
    return made;
  });
  key.imported.set(algorithm, fresh);
  return fresh;
}

function fits(jwk: JWK, algorithm: TokenAlgorithm): boolean {
  const wanted = keyOf[algorithm];
  return (
    jwk.kty === wanted.kty &&
    (wanted.crv === undefined || jwk.crv === wanted.crv) &&
    (jwk.alg === undefined || jwk.alg === algorithm || (algorithm === 'EdDSA' && jwk.alg === 'Ed25519'))
  );
}

function readKeys(text: string): JWK[] {
  const document: unknown = JSON.parse(text);
  if (!isObject(document) || !Array.isArray(document.keys)) throw new Error('the JWK Set has no list "keys"');
  if (document.keys.length > maxKeys) throw new Error(`the JWK Set has more than ${maxKeys} keys`);
  return document.keys.map(publicKey).filter((key) => key !== undefined);
}

/** The members that a public key has, and no others: a private key that someone published stays unread. */
function publicKey(value: unknown): JWK | undefined {
  if (!isObject(value)) return undefined;
  const { kty, kid, alg, use, key_ops: operations } = value;
  if (use !== undefined && use !== 'sig') return undefined;
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) return undefined;
  const names = { ...(typeof kid === 'string' && { kid }), ...(typeof alg === 'string' && { alg }) };
  const text = (name: string): string => {
    const member = value[name];
    return typeof member === 'string' ? member : '';
  };
  if (kty === 'RSA') return isLongEnough(text('n')) ? { ...names, kty, n: text('n'), e: text('e') } : undefined;
  if (kty === 'EC') return { ...names, kty, crv: text('crv'), x: text('x'), y: text('y') };
  if (kty === 'OKP') return { ...names, kty, crv: text('crv'), x: text('x') };
  return undefined;
}

function isLongEnough(modulus: string): boolean {
  const octets = Buffer.from(modulus, 'base64url');
  const first = octets.findIndex((octet) => octet !== 0);
  if (first < 0) return false;
  return (octets.length - first) * 8 - Math.clz32(octets[first] ?? 0) + 24 >= minRsaBits;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
