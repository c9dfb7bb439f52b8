import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { softwareCheckpointSigner } from '#audit/checkpoint.ts';
import { openPostgresLog } from '#store/postgres/open-log.ts';
import type { PostgresSettings } from '#store/postgres/settings.ts';
import { openLog } from '#store/sqlite/open-log.ts';
import { benchRecord } from './record.ts';

/**
 * One replica's log and its callers, in a process of its own. Sends `ready`; told `{ ms }` it appends for so long and sends
 * how it went. Arguments: callers, the log's key (PKCS#8 PEM), and where the
 * log is in PostgreSQL its settings as JSON.
 */
export interface Appended {
  readonly records: number;
  readonly batches: number;
  /** Of the whole process, µs. */
  readonly cpuMicros: number;
  /** What each append took, ms. */
  readonly taken: readonly number[];
}

const [callers = '1', key = '', shared] = process.argv.slice(2);
const home = mkdtempSync(join(tmpdir(), 'countersign-bench-log-'));
process.once('exit', () => rmSync(home, { recursive: true, force: true }));
process.once('disconnect', () => process.exit());

const settings: PostgresSettings | undefined = shared === undefined ? undefined : JSON.parse(shared);
const options = {
  directory: join(home, 'store'),
  publicDirectory: join(home, 'public'),
  guard: join(home, 'guard'),
  signer: softwareCheckpointSigner(createPrivateKey(key), 'log.example.com/bench'),
  clock: { now: () => Date.now() },
};
const log = settings === undefined ? await openLog(options) : await openPostgresLog({ ...options, settings });
let next = 0;
process.send?.('ready');
process.on('message', async ({ ms }: { ms: number }) => {
  const { records, batches } = log.metrics;
  const before = process.cpuUsage();
  const end = performance.now() + ms;
  const taken: number[] = [];
  const caller = async () => {
    for (let began = performance.now(); began < end; began = performance.now()) {
      await log.append(benchRecord(next++));
      taken.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: Number(callers) }, caller));
  const { user, system } = process.cpuUsage(before);
  const after = log.metrics;
  const result: Appended = {
    records: after.records - records,
    batches: after.batches - batches,
    cpuMicros: user + system,
    taken,
  };
  process.send?.(result);
});
