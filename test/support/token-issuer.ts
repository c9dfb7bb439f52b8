import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

export interface TokenClaims {
  readonly sub?: string;
  readonly [claim: string]: unknown;
}

/** An OpenID Connect issuer of a test: makes tokens, and the JWKS that they are checked by. */
export class TokenIssuer {
  readonly issuer: string;
  readonly audience: string;
  readonly #key: KeyObject;
  readonly #alg: 'ES256' | 'RS256';
  readonly kid: string;

  constructor({
    issuer = 'https://tokens.test',
    audience = 'istio-ca',
    alg = 'ES256',
    kid = 'k1',
  }: { issuer?: string; audience?: string; alg?: 'ES256' | 'RS256'; kid?: string } = {}) {
    this.issuer = issuer;
    this.audience = audience;
    this.kid = kid;
    this.#alg = alg;
    this.#key =
      alg === 'ES256'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
        : generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  }

  jwks(): string {
    const jwk = createPublicKey(this.#key).export({ format: 'jwk' });
    return JSON.stringify({ keys: [{ ...jwk, kid: this.kid, alg: this.#alg, use: 'sig' }] });
  }

  /** A token for a service account, good for an hour unless the claims say otherwise. */
  token(namespace: string, account: string, claims: TokenClaims = {}): string {
    const now = Math.floor(Date.now() / 1000);
    const payload = {
      iss: this.issuer,
      aud: [this.audience],
      sub: `system:serviceaccount:${namespace}:${account}`,
      iat: now,
      exp: now + 3600,
      jti: `${namespace}-${account}-${now}`,
      ...claims,
    };
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const text = `${part({ alg: this.#alg, kid: this.kid, typ: 'JWT' })}.${part(payload)}`;
    const signature = sign('sha256', Buffer.from(text), { key: this.#key, dsaEncoding: 'ieee-p1363' });
    return `${text}.${signature.toString('base64url')}`;
  }
}
