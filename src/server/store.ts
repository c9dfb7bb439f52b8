import type { CheckpointSigner } from '#audit/checkpoint.ts';
import type { Cosigning } from '#store/cosigning.ts';
import type { EngineLog } from '#store/engine-log.ts';
import { DatabaseReach } from './database-reach.ts';
import { openEngine } from './engine.ts';
import { appendAside } from './events.ts';
import type { Foundation } from './foundation.ts';

/** The log of this server, with its queue and tree on the gauges. `failed` is told when it can no longer be written. */
export async function openStore(
  foundation: Foundation,
  keys: CheckpointSigner,
  failed: (cause: unknown) => void,
  cosigning?: Cosigning,
): Promise<{ store: EngineLog; reach: DatabaseReach }> {
  const { config, clock, events, logger, metrics } = foundation;
  /** When the newest checkpoint had been signed that the last failure followed: one event for all that fail in a row. */
  let failedAfter: number | undefined;
  const reach = new DatabaseReach(foundation, () => store);
  const store = await openEngine(config.audit, {
    signer: keys,
    clock,
    cosigning,
    onFailed: (error) => {
      logger.error('the log cannot be written; nothing more is issued', { error });
      failed(error);
    },
    onReach: (problem) => reach.changed(problem),
    onPublishFailed: (error) => {
      logger.warn('the log could not be published; it is tried again', { error });
      if (failedAfter === store.publishedAt) return;
      failedAfter = store.publishedAt;
      const message = `the log could not be published: ${error instanceof Error ? error.message : String(error)}`;
      const event = events.of('log.checkpoint-failed', { outcome: 'failed', reason: 'log.unavailable', message });
      void appendAside(store, event, logger, 'log.checkpoint-failed');
    },
  });
  metrics.gauges.watchQueue('log', () => store.metrics.outstanding);
  metrics.gauges.watchLog(() => ({
    size: store.size,
    checkpointSize: store.publishedSize,
    checkpointTime: store.publishedAt,
  }));
  return { store, reach };
}
