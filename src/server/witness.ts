import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { type Cosigner, cosigner, parseLogVkey } from '#audit/cosignature.ts';
import type { ListenAddress } from '#config/sections/serving.ts';
import type { WitnessConfig } from '#config/sections/witness.ts';
import { listenAsWitness } from '#doors/witness/witness-server.ts';
import type { Clock } from '#issuance/ports.ts';
import { KeyStoreError } from '#keys/key-store-error.ts';
import { readKeyFile } from '#keys/software/key-file.ts';
import type { Logger } from '#telemetry/log/logger.ts';
import { SeenHeads } from '#witness/seen-heads.ts';
import { Witness } from '#witness/witness.ts';

export interface RunningWitness {
  readonly listening: ListenAddress;
  readonly vkeys: readonly string[];
  close(): Promise<void>;
}

export interface WitnessSurroundings {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Throws for a key (SPKI) that must not be a witness's. */
  readonly demandApart?: (spki: Uint8Array) => void;
}

/** A witness of others' logs and its door; resolves when it listens. Rejects with StoreError, KeyStoreError, or the system's. */
export async function openWitness(
  config: WitnessConfig,
  { clock, logger, demandApart }: WitnessSurroundings,
): Promise<RunningWitness> {
  await using opening = new AsyncDisposableStack();
  const keys = await Promise.all(config.keys.map(readWitnessKey));
  for (const key of keys) demandApart?.(createPublicKey(key).export({ type: 'spki', format: 'der' }));
  const cosigners = keys.map((key, at) => cosignerOf(config.name, key, config.keys[at] ?? ''));
  const seen = SeenHeads.open(config.directory);
  opening.defer(() => seen.close());
  const witness = new Witness({
    cosigners,
    logs: config.logs.map(parseLogVkey),
    seen,
    clock,
    perSecond: config.perSecond,
    onInconsistent: ({ origin, size }, reason) =>
      logger.error('a log asked for a cosignature that it cannot have', { origin, size, reason }),
  });
  const { host, port } = config.listen;
  const failed = (error: unknown) => logger.warn('the witness could not answer', { error });
  const door = await listenAsWitness({ host, port, maxConnections: config.maxConnections, failed }, witness);
  opening.defer(() => door.close());
  const vkeys = cosigners.map(({ vkey }) => vkey);
  const listening = { host: door.address.address, port: door.address.port };
  logger.info('witnessing', { address: `${listening.host}:${listening.port}`, origin: config.name });
  const running = opening.move();
  return { listening, vkeys, close: () => running.disposeAsync() };
}

/** Throws KeyStoreError. */
export async function readWitnessKey(file: string): Promise<KeyObject> {
  const pem = await readKeyFile(file);
  if (pem === undefined)
    throw new KeyStoreError('no-key', `there is no key file ${file}; countersign witness make-key makes one`);
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw new KeyStoreError('key-file', `${file} holds no private key in PEM without a passphrase`, { cause });
  }
}

/** Throws KeyStoreError for a key of another kind. */
export function cosignerOf(name: string, key: KeyObject, file: string): Cosigner {
  try {
    return cosigner(name, key);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new KeyStoreError('key-file', `${file}: ${cause.message}`, { cause });
  }
}
