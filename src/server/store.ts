import { join } from 'node:path';
import type { EngineLog } from '#store/engine-log.ts';
import { openLog } from '#store/sqlite/open-log.ts';
import { appendAside } from './events.ts';
import type { Foundation } from './foundation.ts';
import { checkpointSigner, type OpenKey } from './open-key.ts';

/** The log of this server, with its queue and tree on the gauges. `failed` is told when it can no longer be written. */
export async function openStore(
  foundation: Foundation,
  auditKey: OpenKey,
  failed: (cause: unknown) => void,
): Promise<EngineLog> {
  const { config, clock, events, logger, metrics } = foundation;
  /** When the newest checkpoint had been signed that the last failure followed: one event for all that fail in a row. */
  let failedAfter: number | undefined;
  const store = await openLog({
    directory: config.audit.directory,
    publicDirectory: config.audit.publish,
    guard: config.audit.checkpointGuard ?? join(config.audit.directory, 'checkpoint.guard'),
    signer: checkpointSigner(auditKey, config.audit.origin),
    clock,
    onFailed: (error) => {
      logger.error('the log cannot be written; nothing more is issued', { error });
      failed(error);
    },
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
  return store;
}
