import { join } from 'node:path';
import { writeDurably } from '#keys/durable-file.ts';
import type { EngineLog } from '#store/engine-log.ts';
import type { Foundation } from './foundation.ts';
import type { HsmEvents } from './hsm-events.ts';
import { copyLog } from './log-copy.ts';
import { demandLogKeysApart } from './log-key-apart.ts';
import { LogKeys } from './log-keys.ts';
import { tellLifetime } from './log-lifetime.ts';
import { recordOpening } from './record-start.ts';
import { keepRedactions } from './redactions.ts';
import { keepRetention } from './retention.ts';
import { openStore } from './store.ts';
import type { LogWitnesses } from './witnesses.ts';

/** The log, and all that stands behind it: its keys, who witnesses it, what copies it, what it may forget. */
export interface LogHouse extends AsyncDisposable {
  readonly store: EngineLog;
  readonly keys: LogKeys;
  readonly witnesses: LogWitnesses | undefined;
  /** Why the log cannot be reached at present. */
  readonly reach: { readonly problem: string | undefined };
  /** Archives what there is, and then drops what may go, and erases what is asked for. */
  look(): Promise<void>;
}

/** Opens the log and records that; closing it records the end of the service. `failed`: it can no longer be written. */
export async function openLogHouse(
  foundation: Foundation,
  hsm: HsmEvents,
  failed: (cause: unknown) => void,
): Promise<LogHouse> {
  await using opening = new AsyncDisposableStack();
  const { config, clock, events } = foundation;
  const keys = await LogKeys.open(config.audit, clock, hsm.listener);
  opening.defer(() => keys.close());
  demandLogKeysApart(keys, config.issuers);
  const witnesses = await witnessesOf(foundation, keys);
  const { store, reach } = await openStore(foundation, keys, failed, witnesses?.cosigning);
  opening.defer(() => store.close());
  await witnesses?.takeUp(store);
  opening.defer(() => witnesses?.stop());
  const copy = copyLog(foundation, store);
  opening.defer(() => copy.stop());
  await recordOpening(foundation, store, keys);
  // Beside the log, for whoever verifies it here; an auditor takes it from a place of their own trust.
  await writeDurably(join(config.audit.directory, 'log.vkey'), `${keys.current.checkpoint.vkey}\n`);
  tellLifetime(foundation, store);
  const exports = await exportsOf(foundation, store);
  opening.defer(() => exports?.stop());
  opening.defer(async () => void (await store.append(events.of('service.stopped')).catch(() => undefined)));
  const detection = await detectionOf(foundation, store);
  opening.defer(() => detection?.stop());
  const archive = await archiveOf(foundation, store, keys);
  opening.defer(async () => archive?.stop());
  const retention = keepRetention(foundation, store, { archive, exports, detection });
  opening.defer(() => retention.stop());
  const redactions = keepRedactions(foundation, store);
  opening.defer(() => redactions.stop());
  const opened = opening.move();
  return {
    ...{ store, keys, witnesses, reach },
    async look() {
      await archive?.look();
      await Promise.all([retention.look(), redactions.look(), detection?.look()]);
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

// What is not configured is not loaded: no client, no mapping, nothing of others.

async function witnessesOf(foundation: Foundation, keys: LogKeys): Promise<LogWitnesses | undefined> {
  const { witnesses } = foundation.config.audit;
  return witnesses && new (await import('./witnesses.ts')).LogWitnesses(foundation, witnesses, keys);
}

async function exportsOf(foundation: Foundation, store: EngineLog) {
  if (foundation.config.exports.length === 0) return undefined;
  return (await import('./exports/exports.ts')).Exports.open(foundation, store);
}

async function detectionOf(foundation: Foundation, store: EngineLog) {
  const { detection } = foundation.config;
  return detection && (await import('./detection/detection.ts')).Detection.open(foundation, detection.rules, store);
}

async function archiveOf(foundation: Foundation, store: EngineLog, keys: LogKeys) {
  const { archive } = foundation.config.audit;
  return archive && (await import('./archive.ts')).keepArchive(foundation, archive, store, keys.known);
}
