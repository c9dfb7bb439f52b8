/**
 * The closed sets of algorithms, by the names that policy files, records and messages use.
 * An EC key's name carries its exact curve, an RSA key's its exact modulus length in bits.
 */
export type KeyKind =
  | 'ec:P-256'
  | 'ec:P-384'
  | 'ec:P-521'
  | `rsa:${number}`
  | 'ed25519'
  | 'ml-dsa-44'
  | 'ml-dsa-65'
  | 'ml-dsa-87';

export type SignatureAlgorithm =
  | 'ecdsa-sha256'
  | 'ecdsa-sha384'
  | 'ecdsa-sha512'
  | 'rsa-sha256'
  | 'rsa-sha384'
  | 'rsa-sha512'
  | 'rsa-pss-sha256'
  | 'rsa-pss-sha384'
  | 'rsa-pss-sha512'
  | 'ed25519'
  | 'ml-dsa-44'
  | 'ml-dsa-65'
  | 'ml-dsa-87';

declare const brand: unique symbol;
/** Bytes known to be one whole DER element. */
export type Der = Uint8Array & { readonly [brand]: 'der' };
