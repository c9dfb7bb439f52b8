import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { softwareCheckpointSigner } from '#audit/checkpoint.ts';
import type { AuditEvent } from '#audit/event.ts';
import { openLog } from '#store/sqlite/open-log.ts';

const signer = softwareCheckpointSigner(generateKeyPairSync('ed25519').privateKey, 'log.example/export');

/** Records that may wait for the log at a time. */
const mostWaiting = 4_096;

/** What time it was when the first batch of a log of ours was written. */
export const firstMoment = Date.parse('2026-11-01T00:00:00Z');

/** A home whose log has these records and is published; each batch is a second later than the one before. */
export async function publishedHome(home: string, events: Iterable<AuditEvent>): Promise<{ readonly vkey: string }> {
  let now = firstMoment - 1_000;
  const log = await openLog({
    directory: join(home, 'audit'),
    publicDirectory: join(home, 'audit', 'log'),
    guard: join(home, 'guard', 'checkpoint'),
    signer,
    clock: {
      now: () => {
        now += 1_000;
        return now;
      },
    },
  });
  const all = [...events];
  for (let at = 0; at < all.length; at += mostWaiting)
    await Promise.all(all.slice(at, at + mostWaiting).map((event) => log.append(event)));
  await log.publish();
  await log.close();
  writeFileSync(join(home, 'audit', 'log.vkey'), `${signer.vkey}\n`);
  return { vkey: signer.vkey };
}
