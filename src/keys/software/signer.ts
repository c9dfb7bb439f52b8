import { createPrivateKey, generateKeyPair, type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';
import type { Signer } from '#issuance/ports.ts';
import { Refusal } from '#refusal/refusal.ts';
import type { Der, KeyKind, SignatureAlgorithm } from '#x509/algorithms.ts';
import type { RunOn } from '#x509/verify-signature.ts';
import { knownKind, signatureAlgorithmOf, spkiOf } from '../key-kind.ts';
import { KeyStoreError } from '../key-store-error.ts';

/** A key in this process's memory. ECDSA signatures are DER, which is what `node:crypto` gives unless told. */
export class SoftwareSigner implements Signer {
  readonly algorithm: SignatureAlgorithm;
  readonly kind: KeyKind;
  readonly spki: Der;
  readonly #key: KeyObject;
  readonly #digest: string | null;
  /** About 30 µs: nobody is kept waiting by it on the event loop. */
  readonly #isQuick: boolean;
  #closed = false;

  /** Throws KeyStoreError `mechanism` for a kind of key that no CA of ours can have. */
  constructor(key: KeyObject) {
    this.kind = knownKind(key);
    this.algorithm = signatureAlgorithmOf(this.kind);
    this.spki = spkiOf(key);
    this.#key = key;
    this.#isQuick = this.kind === 'ec:P-256' || this.kind === 'ed25519';
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

  sign(tbs: Uint8Array, on: RunOn = 'pool'): Promise<Uint8Array> {
    if (this.#closed) return Promise.reject(new Refusal('signer.unavailable', 'the CA key is closed'));
    if (on === 'loop' && this.#isQuick) return this.#signHere(tbs);
    return new Promise((resolve, reject) => {
      sign(this.#digest, tbs, this.#key, (cause, signature) => {
        if (cause) reject(unavailable(cause));
        else resolve(signature);
      });
    });
  }

  async #signHere(tbs: Uint8Array): Promise<Uint8Array> {
    try {
      return sign(this.#digest, tbs, this.#key);
    } catch (cause) {
      throw unavailable(cause);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
  }
}

const unavailable = (cause: unknown) =>
  new Refusal('signer.unavailable', 'the CA key cannot sign at the moment', {}, { cause });

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
