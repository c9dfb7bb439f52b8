import { readFile } from 'node:fs/promises';
import type { EventType } from '#audit/event.ts';
import { installIssuer } from '#authority/install-issuer.ts';
import type { IssuerConfig } from '#config/server-config.ts';
import type { LiveIssuer } from '#issuance/live-issuer.ts';
import { bearIssuer } from './bear-issuer.ts';
import type { EventFields } from './events.ts';
import { type HsmListener, type OpenKey, openKey } from './open-key.ts';

export interface OpenIssuer {
  readonly live: LiveIssuer;
  readonly key: OpenKey;
}

export interface IssuerSurroundings {
  readonly trustDomain: string;
  /** Seconds since the epoch. */
  readonly now: () => number;
  readonly serials: () => Uint8Array;
  readonly onHsm: HsmListener;
  /** Resolves once the event is durable. */
  readonly record: (type: EventType, fields: EventFields) => Promise<void>;
}

/** Opens an issuer's key and takes it into service. Throws KeyStoreError, IssuerError, or an error of the file system. */
export async function openIssuer(config: IssuerConfig, around: IssuerSurroundings): Promise<OpenIssuer> {
  const roots = await readFile(config.roots, 'utf8');
  if (config.key.kind === 'memory') return bearIssuer(config.name, roots, config.key, around);
  const key = await openKey(config.key, around.onHsm);
  const chain = await readFile(config.key.certificate, 'utf8');
  const live = await installIssuer(
    { name: config.name, chain, roots, signer: key.signer, keyKind: key.kind },
    around.now(),
  );
  return { live, key };
}
