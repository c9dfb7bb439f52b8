import { hash } from 'node:crypto';
import graphene from 'graphene-pk11';
import type { Signer } from '#issuance/ports.ts';
import type { KeyKind } from '#x509/algorithms.ts';
import { KeyStoreError } from '../key-store-error.ts';
import { findPrivateKey, objectsNamed } from './find-key.ts';
import { type KeyAttributes, privateKeyTemplate, publicKeyTemplate } from './key-attributes.ts';
import { keyGeneration } from './key-generation.ts';
import { asKeyStoreError, calling } from './return-value.ts';
import { Pkcs11Signer } from './signer.ts';
import { closeQuietly, Token, type TokenAddress, type TokenFacts } from './token.ts';

/** A key in a token, with what is written of it to the record. */
export interface TokenKey {
  readonly label: string;
  readonly kind: KeyKind;
  readonly signer: Signer;
  readonly token: TokenFacts;
  readonly attributes: KeyAttributes;
}

/** The CA keys of one token, by label. Fits the ceremony's KeyStore. */
export class Pkcs11KeyStore {
  readonly #address: TokenAddress;
  readonly #session: graphene.Session;
  readonly facts: TokenFacts;

  private constructor(address: TokenAddress, token: Token) {
    this.#address = address;
    this.#session = token.openSession('write');
    this.facts = token.facts;
  }

  /** Logs in with a read-write session. Throws KeyStoreError. */
  static async open(address: TokenAddress): Promise<Pkcs11KeyStore> {
    return new Pkcs11KeyStore(address, await Token.find(address));
  }

  /** Throws KeyStoreError `several-keys`, and `attribute` for a key that is not fit to be a CA's. */
  async find(label: string): Promise<TokenKey | undefined> {
    return findPrivateKey(this.#session, { label }) === undefined ? undefined : this.#open(label);
  }

  /**
   * Makes the pair in the token: one call, so a crash leaves a key that `find` gives or none; what a token may leave
   * of a half-made pair is a public key alone, which is cleared away here. Throws KeyStoreError.
   */
  async create(label: string, kind: KeyKind): Promise<TokenKey> {
    if (findPrivateKey(this.#session, { label }) !== undefined) {
      throw new KeyStoreError('key-exists', `the token already holds a key with object=${label}; it is never replaced`);
    }
    const { PUBLIC_KEY } = graphene.ObjectClass;
    for (const orphan of objectsNamed(this.#session, PUBLIC_KEY, { label, id: idOf(label) })) {
      calling('removing half of a key pair', () => orphan.destroy());
    }
    const { mechanism, publicTemplate } = keyGeneration(kind);
    const name = { label, id: idOf(label) };
    await new Promise<void>((resolve, reject) => {
      this.#session.generateKeyPair(
        mechanism,
        { ...publicKeyTemplate, ...publicTemplate, ...name },
        { ...privateKeyTemplate, ...name },
        (thrown) => (thrown ? reject(thrown) : resolve()),
      );
    }).catch((thrown: unknown) => {
      throw asKeyStoreError(thrown, 'making a key pair');
    });
    return this.#open(label);
  }

  /** DER of the certificate stored beside the key of that label. */
  async findCertificate(label: string): Promise<Uint8Array | undefined> {
    const [found] = objectsNamed(this.#session, graphene.ObjectClass.CERTIFICATE, { label });
    const value: unknown = found && calling('reading a certificate', () => found.getAttribute('value'));
    return Buffer.isBuffer(value) ? new Uint8Array(value) : undefined;
  }

  /** Beside the key, so that whoever finds the token finds out what it is. Replaces nothing. */
  async storeCertificate(label: string, der: Uint8Array, subject: Uint8Array): Promise<void> {
    if ((await this.findCertificate(label)) !== undefined) return;
    const { CERTIFICATE } = graphene.ObjectClass;
    calling('storing a certificate', () =>
      this.#session.create({
        class: CERTIFICATE,
        certType: graphene.CertificateType.X_509,
        token: true,
        private: false,
        label,
        id: idOf(label),
        subject: Buffer.from(subject),
        value: Buffer.from(der),
      }),
    );
  }

  async close(): Promise<void> {
    closeQuietly(this.#session);
  }

  async #open(label: string): Promise<TokenKey> {
    const signer = await Pkcs11Signer.open(this.#address, { key: { label }, limits: { sessions: 1 } });
    return { label, kind: signer.kind, signer, token: signer.token, attributes: signer.attributes };
  }
}

/** CKA_ID of a key that we make: fixed by its label, so that a second run looks for the same one. */
const idOf = (label: string) => hash('sha256', `countersign key ${label}`, 'buffer').subarray(0, 20);
