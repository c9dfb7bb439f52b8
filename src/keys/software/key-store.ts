import { join } from 'node:path';
import type { Signer } from '#issuance/ports.ts';
import type { KeyKind } from '#x509/algorithms.ts';
import { writeDurably } from '../durable-file.ts';
import { KeyStoreError } from '../key-store-error.ts';
import { readSecret, type SecretSource } from '../secret-source.ts';
import { openKeyFile, readKeyFile } from './key-file.ts';
import { sealKey } from './sealed-key.ts';
import { generatePrivateKey, SoftwareSigner } from './signer.ts';

/** Keys as encrypted files `<label>.key.pem` in one directory. Fits the ceremony's KeyStore. */
export class SoftwareKeyStore {
  readonly #directory: string;
  readonly #passphrase: SecretSource;

  constructor(directory: string, passphrase: SecretSource) {
    this.#directory = directory;
    this.#passphrase = passphrase;
  }

  /** Throws KeyStoreError. */
  async find(label: string): Promise<SoftwareKey | undefined> {
    const path = this.#pathOf(label);
    if ((await readKeyFile(path)) === undefined) return undefined;
    return keyOf(label, await openKeyFile(path, this.#passphrase));
  }

  /** The file is on stable storage when this resolves. Throws KeyStoreError `key-exists`. */
  async create(label: string, kind: KeyKind): Promise<SoftwareKey> {
    const path = this.#pathOf(label);
    const key = await generatePrivateKey(kind);
    const sealed = await sealKey(key, await readSecret(this.#passphrase, `passphrase of ${path}`));
    try {
      await writeDurably(path, sealed, { mode: 0o600, exclusive: true });
    } catch (cause) {
      const exists = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST';
      throw exists
        ? new KeyStoreError('key-exists', `there is already a key file ${path}; it is never replaced`)
        : new KeyStoreError('key-file', `cannot write the key file ${path}`, { cause });
    }
    return keyOf(label, new SoftwareSigner(key));
  }

  /** A directory of key files holds no certificates. */
  async findCertificate(): Promise<undefined> {}
  async storeCertificate(): Promise<void> {}
  async close(): Promise<void> {}

  #pathOf(label: string): string {
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(label)) {
      throw new KeyStoreError(
        'key-file',
        `"${label}" cannot be the name of a key file: letters, digits, ".", "_", "-"`,
      );
    }
    return join(this.#directory, `${label}.key.pem`);
  }
}

export interface SoftwareKey {
  readonly label: string;
  readonly kind: KeyKind;
  readonly signer: Signer;
}

const keyOf = (label: string, signer: SoftwareSigner): SoftwareKey => ({ label, kind: signer.kind, signer });
