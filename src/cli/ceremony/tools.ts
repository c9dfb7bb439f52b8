import { uuidSource } from '#audit/uuid.ts';
import type { CeremonyTools } from '#ceremony/context.ts';
import type { CeremonyPlan } from '#ceremony/plan.ts';
import type { KeyStores, RecordFact } from '#ceremony/ports.ts';
import { loadConfig } from '#config/load.ts';
import { durableShelf } from '#keys/durable-shelf.ts';
import { Pkcs11KeyStore } from '#keys/pkcs11/key-store.ts';
import { parsePkcs11Uri } from '#keys/pkcs11/uri.ts';
import { SoftwareKeyStore } from '#keys/software/key-store.ts';
import { openEngine } from '#server/engine.ts';
import { LogKeys } from '#server/log-keys.ts';
import { SystemEntropy, systemClock } from '#server/system.ts';
import { openCircle } from '#server/witness-circle.ts';

export interface OpenTools extends AsyncDisposable {
  readonly tools: CeremonyTools;
}

/** Stores, files, clock and chance for a ceremony; with `config`, its server's log as well. Throws KeyStoreError, StoreError. */
export async function openTools(plan: CeremonyPlan, config: string | undefined): Promise<OpenTools> {
  await using opening = new AsyncDisposableStack();
  const entropy = new SystemEntropy();
  const record = config === undefined ? undefined : await openRecord(config, entropy, opening);
  const stores = await openStores(plan);
  for (const store of [stores.hsm, stores.software]) if (store !== undefined) opening.defer(() => store.close());
  const open = opening.move();
  return {
    tools: { stores, shelf: durableShelf, clock: systemClock, entropy, ...(record && { record }) },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

async function openStores({ token, software, outputs }: CeremonyPlan): Promise<KeyStores> {
  return {
    ...(token && {
      hsm: await Pkcs11KeyStore.open({
        uri: parsePkcs11Uri(token.uri),
        pin: token.pin,
        ...(token.module === undefined ? {} : { modulePath: token.module }),
      }),
    }),
    ...(software && { software: new SoftwareKeyStore(outputs, software.passphrase) }),
  };
}

async function openRecord(file: string, entropy: SystemEntropy, opening: AsyncDisposableStack): Promise<RecordFact> {
  const { audit } = loadConfig(file).config;
  const keys = await LogKeys.open(audit, systemClock, () => {});
  opening.defer(() => keys.close());
  const silent = { clock: systemClock, onRound: () => {}, onAsked: () => {} };
  const cosigning = audit.witnesses && openCircle(audit.witnesses, keys, silent);
  const log = await openEngine(audit, { signer: keys, clock: systemClock, cosigning });
  keys.takeUp(log.signedLast);
  opening.defer(() => log.close());
  const id = uuidSource(
    () => systemClock.now(),
    (length) => entropy.bytes(length),
  );
  return async (fact) => void (await log.append({ ...fact, id: id() }));
}
