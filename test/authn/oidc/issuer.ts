import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { KeySource } from '#authn/oidc/key-source.ts';
import type { Clock, Evidence } from '#issuance/ports.ts';

/** A clock that stands where it is put. */
export class StoppedClock implements Clock {
  time: number;
  constructor(time = Date.UTC(2026, 10, 21, 12)) {
    this.time = time;
  }
  now(): number {
    return this.time;
  }
  get seconds(): number {
    return Math.floor(this.time / 1000);
  }
}

const b64 = (value: object | Uint8Array | string) =>
  Buffer.from(typeof value === 'string' || value instanceof Uint8Array ? value : JSON.stringify(value)).toString(
    'base64url',
  );

export interface IssuerKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

const makers: Readonly<Record<string, () => { privateKey: KeyObject; publicKey: KeyObject }>> = {
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ES384: () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  ES512: () => generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  RS512: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  PS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  RS256short: () => generateKeyPairSync('rsa', { modulusLength: 1024 }),
  EdDSA: () => generateKeyPairSync('ed25519'),
};

export function makeKey(kid: string, alg: string): IssuerKey {
  const maker = makers[alg];
  if (maker === undefined) throw new Error(`no maker for ${alg}`);
  return { kid, alg: alg.replace('short', ''), ...maker() };
}

function signWith(key: IssuerKey, data: string): Buffer {
  const bytes = Buffer.from(data);
  const digest = `sha${key.alg.slice(2)}`;
  if (key.alg === 'EdDSA') return sign(null, bytes, key.privateKey);
  if (key.alg.startsWith('ES')) return sign(digest, bytes, { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
  if (key.alg.startsWith('PS')) return sign(digest, bytes, { key: key.privateKey, padding: 6, saltLength: -1 });
  return sign(digest, bytes, key.privateKey);
}

/** Any header, any payload, rightly signed: malformed tokens must fail for their form and not for their signature. */
export function tokenOf(header: object | string, payload: object | string, key: IssuerKey): string {
  const data = `${b64(header)}.${b64(payload)}`;
  return `${data}.${b64(signWith(key, data))}`;
}

/** The old trick: the public key's text as an HMAC secret. */
export function confusedToken(header: object, payload: object, key: IssuerKey): string {
  const data = `${b64(header)}.${b64(payload)}`;
  const pem = createPublicKey(key.privateKey).export({ type: 'spki', format: 'pem' });
  return `${data}.${createHmac('sha256', pem).update(data).digest('base64url')}`;
}

export function unsigned(header: object, payload: object, signature = ''): string {
  return `${b64(header)}.${b64(payload)}.${signature}`;
}

export function jwks(keys: readonly IssuerKey[], over: object = {}): string {
  return JSON.stringify({
    keys: keys.map(({ kid, alg, publicKey }) => ({
      ...publicKey.export({ format: 'jwk' }),
      kid,
      alg,
      use: 'sig',
      ...over,
    })),
  });
}

/** Keys held in memory; counts how often it is asked, and fails or waits as told. */
export class MemoryKeys implements KeySource {
  readonly place = 'memory';
  readonly refreshMs = 60_000;
  readonly cooldownMs = 10_000;
  text: string;
  fault: string | undefined;
  reads = 0;
  gate: Promise<void> = Promise.resolve();

  constructor(text: string) {
    this.text = text;
  }

  async read(): Promise<string> {
    this.reads++;
    await this.gate;
    if (this.fault !== undefined) throw new Error(this.fault);
    return this.text;
  }
}

export function evidence(over: Partial<Evidence> = {}): Evidence {
  return { authorization: [], clusterId: [], peer: { ip: '127.0.0.1', port: 1 }, ...over };
}

export const bearer = (token: string) => evidence({ authorization: [`Bearer ${token}`] });
export const never = new AbortController().signal;
