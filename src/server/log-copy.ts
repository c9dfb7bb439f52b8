import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { SqliteLog } from '#store/sqlite/sqlite-log.ts';
import type { Foundation } from './foundation.ts';

/** ms between two looks for new records. */
const lookEveryMs = 250;

/**
 * Each durable record as a line on standard output, for whoever collects those. Behind the log and never in its way: what
 * a crash leaves unwritten here stands in the log, and whoever does not read holds up nobody.
 */
export function copyLog(
  { config, logger }: Pick<Foundation, 'config' | 'logger'>,
  store: Pick<SqliteLog, 'size' | 'entries'>,
  out: Writable = process.stdout,
): { stop(): Promise<void> } {
  if (config.audit.copyTo === 'nowhere') return { stop: async () => {} };
  let next = store.size;
  let writing: Promise<void> | undefined;
  const write = async () => {
    while (next < store.size) {
      const entries = await store.entries(next, store.size);
      if (entries.length === 0) return;
      next += entries.length;
      const text = entries.map((entry) => `${Buffer.from(entry).toString('utf8')}\n`).join('');
      if (!out.write(text)) await once(out, 'drain');
    }
  };
  const look = () => {
    writing ??= write()
      .catch((error: unknown) => logger.error('records could not be copied', { error }))
      .finally(() => {
        writing = undefined;
      });
    return writing;
  };
  const timer = setInterval(() => void look(), lookEveryMs).unref();
  return {
    async stop() {
      clearInterval(timer);
      await look();
      await look();
    },
  };
}
