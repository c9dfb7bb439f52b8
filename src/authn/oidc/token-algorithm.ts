/** Signature algorithms of tokens (RFC 7518 §3.1, RFC 8037 §3.1). No MAC and no `none`: not by config either. */
export const tokenAlgorithms = [
  'ES256',
  'ES384',
  'ES512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'EdDSA',
] as const;
export type TokenAlgorithm = (typeof tokenAlgorithms)[number];

export const defaultTokenAlgorithms: readonly TokenAlgorithm[] = ['ES256', 'RS256', 'EdDSA'];

export function isTokenAlgorithm(value: unknown): value is TokenAlgorithm {
  return tokenAlgorithms.some((each) => each === value);
}

/** Key type and, for curves, the one curve that goes with an algorithm. */
export const keyOf: Readonly<Record<TokenAlgorithm, { readonly kty: 'RSA' | 'EC' | 'OKP'; readonly crv?: string }>> = {
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
  ES512: { kty: 'EC', crv: 'P-521' },
  RS256: { kty: 'RSA' },
  RS384: { kty: 'RSA' },
  RS512: { kty: 'RSA' },
  PS256: { kty: 'RSA' },
  PS384: { kty: 'RSA' },
  PS512: { kty: 'RSA' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
};
