/**
 * A process that appends without end and says on its standard output, one line each, what it was told is durable:
 * `index id`. To be killed. Arguments: home directory, PKCS#8 PEM of the log's key, how many callers, first id, and where the
 * log is in PostgreSQL its settings as JSON.
 */
import { createPrivateKey } from 'node:crypto';
import { readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { softwareCheckpointSigner } from '#audit/checkpoint.ts';
import { openPostgresLog } from '#store/postgres/open-log.ts';
import { openLog } from '#store/sqlite/open-log.ts';
import { issuedEvent } from '#test/audit/example-event.ts';

const [home = '', keyFile = '', callers = '8', firstId = '0', settings] = process.argv.slice(2);
const options = {
  directory: join(home, 'store'),
  publicDirectory: join(home, 'public'),
  guard: join(home, 'guard', 'checkpoint'),
  signer: softwareCheckpointSigner(createPrivateKey(readFileSync(keyFile)), 'log.example.com/killed'),
  clock: { now: () => Date.now() },
  publishInterval: 5,
  onFailed: (cause: unknown) => {
    say(`failed ${cause instanceof Error ? cause.message : cause}`);
  },
};
const log =
  settings === undefined
    ? await openLog(options)
    : await openPostgresLog({ ...options, settings: JSON.parse(settings) });
say('open');

let next = Number(firstId);
async function call(): Promise<void> {
  for (;;) {
    const event = issuedEvent(next++);
    say(`${await log.append(event)} ${event.id}`);
  }
}

const results = await Promise.allSettled(Array.from({ length: Number(callers) }, call));
const codes = results.map((result) => (result.status === 'rejected' ? codeOf(result.reason) : 'done'));
const after = await log.append(issuedEvent(next)).catch(codeOf);
say(`refused ${[...new Set(codes)].join()} then ${after}`);
await log.close();

// Synchronous: a line that was not written before the kill was never said. A line is written whole or, when nobody has read
// for a while, not at all.
function say(line: string): void {
  for (;;) {
    try {
      writeSync(1, `${line}\n`);
      return;
    } catch (thrown) {
      if (codeOf(thrown) !== 'EAGAIN') throw thrown;
    }
  }
}

function codeOf(reason: unknown): string {
  return typeof reason === 'object' && reason !== null && 'code' in reason ? String(reason.code) : String(reason);
}
