import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { softwareCheckpointSigner } from '#audit/checkpoint.ts';
import { GrowingTree } from '#store/growing-tree.ts';
import { sqliteTarget } from '#store/sqlite/move.ts';
import { writeLog } from '#test/transparency/written-log.ts';
import { events, timeOf } from './plan.ts';

export const signer = softwareCheckpointSigner(generateKeyPairSync('ed25519').privateKey, 'log.example/day');

/** Publishes entries as a log under the key of the day, as whoever holds it can. */
export async function publish(directory: string, entries: readonly Uint8Array[]): Promise<void> {
  mkdirSync(directory, { recursive: true });
  await writeLog(directory, entries, signer);
}

/** A home whose server wrote these entries, and has stopped. */
export async function writeHome(home: string, entries: readonly Uint8Array[]): Promise<void> {
  const audit = join(home, 'audit');
  await publish(join(audit, 'log'), entries);
  writeFileSync(join(audit, 'log.vkey'), `${signer.vkey}\n`);
  const tree = GrowingTree.empty();
  await using target = sqliteTarget(audit, signer.origin);
  // each a view that a 00 octet stands before
  const placed = entries.map((entry) => Buffer.concat([Buffer.of(0), entry]).subarray(1));
  for (const entry of placed) tree.append(entry);
  await target.put(0, placed, tree.takeChanged());
  await target.finish({ size: entries.length, root: tree.root(), time: timeOf(events) }, {}, []);
}
