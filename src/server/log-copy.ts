import { decodeEntry, type Entry } from '#audit/entry.ts';
import type { EngineLog } from '#store/engine-log.ts';
import { descriptorSink, type LogSink } from '#telemetry/log/sink.ts';
import type { Foundation } from './foundation.ts';

/** ms between two looks for new records. */
const lookEveryMs = 250;

/**
 * Each durable record, of a log that is shared our own, as a line on standard output, for whoever collects those. Behind the log and never in its way: what
 * a crash leaves unwritten here, or a reader that stands still, stands in the log; the numbers of the records tell.
 */
export function copyLog(
  { config, logger, instance }: Pick<Foundation, 'config' | 'logger' | 'instance'>,
  store: Pick<EngineLog, 'size' | 'entries'>,
  sink: () => LogSink = standardOutput,
): { stop(): Promise<void> } {
  if (config.audit.copyTo === 'nowhere') return { stop: async () => {} };
  const out = sink();
  const isOurs = (entry: Uint8Array) =>
    config.audit.store === undefined || ofBoot(decodeEntry(entry)) === instance.bootId;
  let next = store.size;
  let writing: Promise<void> | undefined;
  const write = async () => {
    while (next < store.size) {
      const entries = await store.entries(next, store.size);
      if (entries.length === 0) return;
      next += entries.length;
      for (const entry of entries) if (isOurs(entry)) out.write(`${Buffer.from(entry).toString('utf8')}\n`);
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
      // the first may have begun before the last record came
      await look();
      await look();
    },
  };
}

function ofBoot({ instance }: Entry): unknown {
  return typeof instance === 'object' && 'bootId' in instance ? instance.bootId : undefined;
}

let standard: LogSink | undefined;

/** One for all servers of a process that come one after the other. */
function standardOutput(): LogSink {
  standard ??= descriptorSink(1, (dropped) => `${JSON.stringify({ dropped })}\n`);
  return standard;
}
