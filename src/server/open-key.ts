import type { Json } from '#audit/event.ts';
import type { FileKeyConfig, Pkcs11KeyConfig, SigningKeyConfig } from '#config/sections/keys.ts';
import type { Signer } from '#issuance/ports.ts';
import { Pkcs11Signer, type TokenEvent } from '#keys/pkcs11/signer.ts';
import { parsePkcs11Uri } from '#keys/pkcs11/uri.ts';
import { openKeyFile } from '#keys/software/key-file.ts';
import type { SoftwareSigner } from '#keys/software/signer.ts';
import type { KeyKind } from '#x509/algorithms.ts';
import { subjectKeyIdentifier } from '#x509/profile/key-identifier.ts';

/** A key that is open for signing, and what the record says of it. */
export interface OpenKey {
  readonly signer: Signer;
  readonly kind: KeyKind;
  readonly facts: Json;
  /** Why the key cannot sign at present; undefined while it can. Reads memory only. */
  readonly lost: () => string | undefined;
}

export type HsmListener = (event: TokenEvent, token: Json) => void;

/** Throws KeyStoreError. */
export async function openKey(config: SigningKeyConfig, onHsm: HsmListener): Promise<OpenKey> {
  return config.kind === 'pkcs11' ? openTokenKey(config, onHsm) : openFileKey(config);
}

export async function openTokenKey(config: Pkcs11KeyConfig, onHsm: HsmListener): Promise<OpenKey> {
  const signer = await Pkcs11Signer.open(
    { uri: parsePkcs11Uri(config.uri), modulePath: config.module, pin: config.pin },
    {
      limits: { sessions: config.sessions },
      onEvent: (event) => onHsm(event, { label: event.token.label, serial: event.token.serial }),
    },
  );
  const { token, attributes } = signer;
  return {
    signer,
    kind: signer.kind,
    facts: {
      ...keyFacts(signer.kind, signer),
      token: {
        model: token.model,
        serial: token.serial,
        firmware: token.firmware,
        slot: token.slot,
        label: token.label,
      },
      attributes: { ...attributes },
    },
    lost: () => signer.lost?.message,
  };
}

async function openFileKey(config: FileKeyConfig): Promise<OpenKey> {
  return softwareKey(await openKeyFile(config.path, config.passphrase));
}

export function softwareKey(signer: SoftwareSigner): OpenKey {
  return { signer, kind: signer.kind, facts: keyFacts(signer.kind, signer), lost: () => undefined };
}

function keyFacts(kind: KeyKind, { spki }: Signer): { readonly [key: string]: Json } {
  return { algorithm: kind, keyId: Buffer.from(subjectKeyIdentifier(spki)).toString('hex') };
}
