import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** The key that a cluster signs service-account tokens with, so that a test may make those that no TokenRequest gives. */
export class TokenKey {
  /** PEM. */
  readonly privatePem: string;
  readonly publicPem: string;
  /** As Kubernetes computes it: SHA-256 of the SubjectPublicKeyInfo. */
  readonly kid: string;
  readonly #key: KeyObject;

  constructor(privatePem: string) {
    this.#key = createPrivateKey(privatePem);
    const publicKey = createPublicKey(this.#key);
    this.privatePem = privatePem;
    this.publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    this.kid = createHash('sha256')
      .update(publicKey.export({ type: 'spki', format: 'der' }))
      .digest('base64url');
  }

  static generate(algorithm: 'RS256' | 'ES256' = 'RS256'): TokenKey {
    const { privateKey } =
      algorithm === 'RS256'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : generateKeyPairSync('ec', { namedCurve: 'P-256' });
    // The API server reads PKCS#1 and SEC 1 too, but PKCS#8 is the one form for both.
    return new TokenKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  }

  get algorithm(): 'RS256' | 'ES256' {
    return this.#key.asymmetricKeyType === 'rsa' ? 'RS256' : 'ES256';
  }

  /** A token with exactly these claims; `header` is laid over alg and kid. */
  token(claims: Readonly<Record<string, unknown>>, header: Readonly<Record<string, unknown>> = {}): string {
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const text = `${part({ alg: this.algorithm, kid: this.kid, ...header })}.${part(claims)}`;
    const signature = sign('sha256', Buffer.from(text), { key: this.#key, dsaEncoding: 'ieee-p1363' });
    return `${text}.${signature.toString('base64url')}`;
  }
}

/** The payload of a token, unverified. */
export function claimsOf(token: string): Record<string, unknown> {
  const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  if (typeof claims !== 'object' || claims === null) throw new Error('the payload is no object');
  return { ...claims };
}
