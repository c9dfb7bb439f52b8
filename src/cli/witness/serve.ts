import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadWitnessConfig } from '#config/load-witness.ts';
import { systemClock } from '#server/system.ts';
import { openWitness, type RunningWitness } from '#server/witness.ts';
import { standardErrorLogger } from '#telemetry/log/logger.ts';
import type { Input } from '../command/command.ts';
import type { Exit } from '../exit.ts';
import { asServeFailure } from '../serve/failures.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { serveWitnessOptions } from './options.ts';

export async function runServeWitness(
  { options, home }: Input<typeof serveWitnessOptions>,
  _terminal: Terminal,
): Promise<Exit> {
  const told = Promise.withResolvers<void>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => told.resolve());
  const running = await open(options.config ?? join(home.directory, 'witness.yaml'));
  const ready = options['ready-file'];
  if (ready !== undefined) announce(ready, running);
  await told.promise;
  await running.close();
  return 'ok';
}

async function open(file: string): Promise<RunningWitness> {
  const { witness, logs } = loadWitnessConfig(file);
  try {
    return await openWitness(witness, {
      clock: systemClock,
      logger: standardErrorLogger({ ...logs, clock: systemClock }),
    });
  } catch (thrown) {
    throw asServeFailure(thrown);
  }
}

/** Written whole or not at all: whoever waits for the file reads a complete one. */
function announce(file: string, { listening: { host, port }, vkeys }: RunningWitness): void {
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}/`;
  writeFileSync(`${file}.new`, `${JSON.stringify({ pid: process.pid, url, vkeys })}\n`);
  renameSync(`${file}.new`, file);
}
