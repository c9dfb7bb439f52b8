import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLog } from '#store/sqlite/open-log.ts';
import { type Engine, logSuite } from './log.suite.ts';

export async function sqliteEngine(): Promise<Engine> {
  const home = await mkdtemp(join(tmpdir(), 'countersign-log-'));
  const publicDirectory = join(home, 'public');
  return {
    publicDirectory,
    open: (options) =>
      openLog({
        directory: join(home, 'store'),
        publicDirectory,
        guard: join(home, 'guard', 'checkpoint'),
        ...options,
      }),
    destroy: () => rm(home, { recursive: true }),
  };
}

logSuite('SQLite', sqliteEngine);
