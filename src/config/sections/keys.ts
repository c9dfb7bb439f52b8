import type { SecretSource } from '#keys/secret-source.ts';

export interface Pkcs11KeyConfig {
  readonly kind: 'pkcs11';
  readonly uri: string;
  readonly module: string;
  readonly pin: SecretSource;
  readonly sessions: number;
}

export interface FileKeyConfig {
  readonly kind: 'file';
  readonly path: string;
  readonly passphrase?: SecretSource;
}

export type SigningKeyConfig = Pkcs11KeyConfig | FileKeyConfig;
