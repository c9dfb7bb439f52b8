import type { SecretSource } from '#keys/secret-source.ts';
import { resolveCertManager, resolveOwnIntermediate } from './resolve-cert-manager.ts';
import type { ServerConfigText } from './schema/server-config.ts';
import type { PreviousKeyConfig } from './sections/audit.ts';
import type { IssuerConfig, MemoryKeyConfig } from './sections/issuers.ts';
import type { Pkcs11KeyConfig, SigningKeyConfig } from './sections/keys.ts';

/** Absolute path of one that is relative to the configuration file's folder. */
export type PathFrom = (path: string) => string;

type IssuerText = ServerConfigText['issuers'][number];
type KeyText = NonNullable<IssuerText['key']>;

export function resolveIssuer(issuer: IssuerText, from: PathFrom): IssuerConfig {
  const { name, roots, certificate = '', key = {}, certManager } = issuer;
  if (certManager !== undefined) return resolveCertManager({ name, roots }, certManager, from);
  if (roots === undefined) throw new TypeError('an issuer without roots passed the check');
  return {
    kind: 'key',
    name,
    roots: from(roots),
    key:
      key.memory === undefined
        ? { ...resolveSigningKey(key, from), certificate: from(certificate) }
        : resolveMemoryKey(key.memory, from),
  };
}

export function resolveSigningKey(key: Pick<KeyText, 'pkcs11' | 'file'>, from: PathFrom): SigningKeyConfig {
  if (key.pkcs11 !== undefined) return resolvePkcs11(key.pkcs11, from);
  if (key.file === undefined) throw new TypeError('a key without a kind passed the check');
  const { path, passphrase } = key.file;
  return {
    kind: 'file',
    path: from(path),
    ...(passphrase === undefined ? {} : { passphrase: resolveSecret(passphrase, from) }),
  };
}

type PreviousKeyText = ServerConfigText['audit']['previousKeys'][number];

export function resolvePreviousKey({ key, vkey, until = '' }: PreviousKeyText, from: PathFrom): PreviousKeyConfig {
  if (vkey !== undefined) return { kind: 'known', vkey };
  return { kind: 'signs', key: resolveSigningKey(key ?? {}, from), until: Date.parse(until) };
}

function resolveMemoryKey(key: NonNullable<KeyText['memory']>, from: PathFrom): MemoryKeyConfig {
  const root = { certificate: from(key.root.certificate), key: resolvePkcs11(key.root.pkcs11, from) };
  return { kind: 'memory', root, ...resolveOwnIntermediate(key) };
}

function resolvePkcs11(key: NonNullable<KeyText['pkcs11']>, from: PathFrom): Pkcs11KeyConfig {
  return {
    kind: 'pkcs11',
    uri: key.uri,
    module: from(key.module),
    pin: resolveSecret(key.pin, from),
    sessions: key.sessions,
  };
}

function resolveSecret(source: { file?: string; env?: string }, from: PathFrom): SecretSource {
  return source.env === undefined ? { file: from(source.file ?? '') } : { env: source.env };
}
