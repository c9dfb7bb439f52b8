import { readFile } from 'node:fs/promises';
import type { EventType } from '#audit/event.ts';
import { installIssuer } from '#authority/install-issuer.ts';
import type { KeyIssuerConfig } from '#config/sections/issuers.ts';
import type { SigningIssuer } from '#issuance/live-issuer.ts';
import { readCertificates } from '#x509/certificates.ts';
import { sameBytes } from '#x509/der/reader.ts';
import { bearIssuer } from './bear-issuer.ts';
import type { EventFields } from './events.ts';
import { type HsmListener, type OpenKey, openKey } from './open-key.ts';

export interface OpenIssuer {
  readonly live: SigningIssuer;
  readonly key: OpenKey;
  /** Sentences on its chain, for the operator. */
  readonly warnings: readonly string[];
}

export interface IssuerSurroundings {
  readonly trustDomain: string;
  /** Seconds since the epoch. */
  readonly now: () => number;
  readonly serials: () => Uint8Array;
  readonly onHsm: HsmListener;
  /** Where the status of certificates is told. */
  readonly statusUrl?: string | undefined;
  /** Resolves once the event is durable. */
  readonly record: (type: EventType, fields: EventFields) => Promise<void>;
}

/**
 * Opens an issuer's key and takes it into service. `inUse`: the key that it has, which goes on being used where a
 * certificate of the chain is for it. Throws KeyStoreError, IssuerError, or an error of the file system.
 */
export async function openIssuer(
  config: KeyIssuerConfig,
  around: IssuerSurroundings,
  inUse?: OpenKey,
): Promise<OpenIssuer> {
  const { name, key: keyConfig } = config;
  const roots = { pem: await readFile(config.roots, 'utf8'), place: `roots (${config.roots})` };
  if (keyConfig.kind === 'memory') return bearIssuer(name, roots, keyConfig, around);
  const { certificate } = keyConfig;
  const chain = await readFile(certificate, 'utf8');
  const goesOn = inUse !== undefined && isFor(inUse, chain) ? inUse : undefined;
  const key = goesOn ?? (await openKey(keyConfig, around.onHsm));
  try {
    const material = {
      name,
      chain,
      roots: roots.pem,
      places: { chain: `certificate (${certificate})`, roots: roots.place },
      trustDomain: around.trustDomain,
      signer: key.signer,
      keyKind: key.kind,
      statusUrl: around.statusUrl,
    };
    return { ...installIssuer(material, around.now()), key };
  } catch (thrown) {
    if (goesOn === undefined) await key.signer.close();
    throw thrown;
  }
}

/** What is no chain at all is not for it either; whoever installs it says what is wrong. */
function isFor({ signer }: OpenKey, chain: string): boolean {
  try {
    return readCertificates(chain, 128).some(({ spki }) => sameBytes(spki, signer.spki));
  } catch {
    return false;
  }
}
