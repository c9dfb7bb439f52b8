import { createPrivateKey } from 'node:crypto';
import { softwareCheckpointSigner } from '#audit/checkpoint.ts';
import { openLog } from '#store/sqlite/open-log.ts';
import { deniedEvent } from '#test/audit/example-event.ts';
import type { TestHome } from './home.ts';

/** Gives a home a log of so many refusals, all of `at` (ms), before its first server. */
export async function fillLog(home: TestHome, records: number, at: number): Promise<void> {
  const log = await openLog({
    directory: home.path('audit'),
    publicDirectory: home.published,
    guard: home.path('audit', 'checkpoint.guard'),
    signer: softwareCheckpointSigner(createPrivateKey(home.logKeyPem), 'log.test/mesh'),
    clock: { now: () => at },
  });
  await Promise.all(Array.from({ length: records }, (_, n) => log.append(deniedEvent(n))));
  // Nothing is dropped that the inventory has not taken in.
  await log.inventory.find({ serial: 'ff' });
  await log.close();
}
