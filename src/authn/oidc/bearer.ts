/** Octets; a projected token has about 1 KiB, the fattest OIDC tokens some 10. */
export const maxTokenLength = 16 * 1024;

const prefix = 'Bearer ';

/**
 * The token of the first value that begins with exactly `Bearer `, capital B and one space (contract §2.2); other
 * schemes are passed over. Undefined when there is none; an empty or overlong token is given back for the reader to
 * refuse.
 */
export function bearerToken(authorization: readonly string[]): string | undefined {
  const value = authorization.find((each) => each.startsWith(prefix));
  return value?.slice(prefix.length);
}

const compact = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.([A-Za-z0-9_-]+)$/;

/**
 * True for the JWS compact form (RFC 7515 §7.1) in the alphabet of base64url and nothing else. Header and payload
 * are signed as text; the signature is not, so its spare bits must be zero, or one token could be written in many ways.
 */
export function isCompact(token: string): boolean {
  const signature = compact.exec(token)?.[1];
  return signature !== undefined && Buffer.from(signature, 'base64url').toString('base64url') === signature;
}
