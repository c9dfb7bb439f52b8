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
