import { createPrivateKey, generateKeyPair, type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';
import type { Signer } from '#issuance/ports.ts';
import { Refusal } from '#refusal/refusal.ts';
import type { Der, KeyKind, SignatureAlgorithm } from '#x509/algorithms.ts';
import { knownKind, signatureAlgorithmOf, spkiOf } from '../key-kind.ts';
import { KeyStoreError } from '../key-store-error.ts';

/** A key in this process's memory. Signs on the thread pool. */
export class SoftwareSigner implements Signer {
  readonly algorithm: SignatureAlgorithm;
  readonly kind: KeyKind;
  readonly spki: Der;
  readonly #key: KeyObject;
  readonly #digest: string | null;
  #closed = false;

  /** Throws KeyStoreError `mechanism` for a kind of key that no CA of ours can have. */
  constructor(key: KeyObject) {
    this.kind = knownKind(key);
    this.algorithm = signatureAlgorithmOf(this.kind);
    this.spki = spkiOf(key);
    this.#key = key;
    this.#digest = /-(sha\d+)$/.exec(this.algorithm)?.[1] ?? null;
  }

  /** A new key that lives as long as this process. */
  static async generate(kind: KeyKind): Promise<SoftwareSigner> {
    return new SoftwareSigner(await generatePrivateKey(kind));
  }

  /** PKCS#8 or traditional PEM, unencrypted: for tests and keys that came from a sealed file. */
  static fromPem(pem: string): SoftwareSigner {
    return new SoftwareSigner(createPrivateKey(pem));
  }

  sign(tbs: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new Refusal('signer.unavailable', 'the CA key is closed'));
      sign(this.#digest, tbs, { key: this.#key, dsaEncoding: 'der' }, (cause, signature) => {
        if (cause) reject(new Refusal('signer.unavailable', 'the CA key cannot sign at the moment', {}, { cause }));
        else resolve(signature);
      });
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
  }
}

const generate = promisify(generateKeyPair);

/** Throws KeyStoreError `mechanism`. */
export async function generatePrivateKey(kind: KeyKind): Promise<KeyObject> {
  switch (kind) {
    case 'ec:P-256':
    case 'ec:P-384':
    case 'ec:P-521':
      return (await generate('ec', { namedCurve: kind.slice(3) })).privateKey;
    case 'ed25519':
      return (await generate('ed25519', {})).privateKey;
    case 'ml-dsa-44':
    case 'ml-dsa-65':
    case 'ml-dsa-87':
      return (await generate(kind, {})).privateKey;
    default:
      return (await generate('rsa', { modulusLength: rsaBits(kind) })).privateKey;
  }
}

function rsaBits(kind: `rsa:${number}`): number {
  const bits = Number(kind.slice(4));
  if (bits === 2048 || bits === 3072 || bits === 4096) return bits;
  throw new KeyStoreError('mechanism', `an RSA key of a CA has 2048, 3072 or 4096 bits, not ${kind.slice(4)}`);
}
