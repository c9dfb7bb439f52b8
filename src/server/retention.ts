import type { EngineLog } from '#store/engine-log.ts';
import { finishDropping, RetentionRounds } from '#store/retention-rounds.ts';
import { watchRetention } from '#telemetry/retention.ts';
import { appendAside } from './events.ts';
import type { Foundation } from './foundation.ts';
import { Looks } from './looks.ts';

/** ms between two looks for bodies whose time is over. */
const lookEveryMs = 60_000;

export interface KeptRetention {
  look(): Promise<void>;
  stop(): Promise<void>;
}

/** What the archive tells of itself. */
interface ArchiveState {
  readonly name: string;
  /** Bundles that stand in it, from the first on. */
  readonly bundles: number;
}

/** What has to have a body before it goes. */
interface Holders {
  readonly archive: ArchiveState | undefined;
  /** `delivered`: entries that every sink has, from the first on. */
  readonly exports: { delivered(): Promise<number> } | undefined;
  /** `watched`: entries that the watch rules have seen, from the first on; undefined where none are in force. */
  readonly detection: { watched(): Promise<number | undefined> } | undefined;
}

/**
 * Drops the bodies of the log as `audit.retention` says, behind issuance and never in its way. What a crash has left half way is
 * finished at the start, also where nothing is to be dropped any more: the log has said that it goes.
 */
export function keepRetention(
  foundation: Foundation,
  store: EngineLog,
  { archive, exports, detection }: Holders,
): KeptRetention {
  const { config, clock, events, logger, metrics } = foundation;
  const { retention } = config.audit;
  const ending = new AbortController();
  const finished = finishDropping(store, ending.signal).catch((error: unknown) => {
    if (!ending.signal.aborted) logger.warn('bodies that the log says are dropped are still there', { error });
  });
  const stop = async () => {
    ending.abort();
    await finished;
  };
  if (retention === undefined) return { look: async () => {}, stop };
  const rounds = new RetentionRounds(store, {
    bodiesMs: retention.bodiesMs,
    archived: async () => archive?.bundles,
    delivered: async () => {
      const seen = await Promise.all([exports?.delivered(), detection?.watched()]);
      const held = seen.filter((each) => each !== undefined);
      return held.length === 0 ? undefined : Math.min(...held);
    },
    event: (range) => {
      const to = archive?.name;
      const pruned = { ...range, bodiesSeconds: retention.bodiesMs / 1_000, ...(to !== undefined && { archive: to }) };
      return events.of('log.pruned', { pruned, message: 'the time of these records is over: their hashes stay' });
    },
  });
  const numbers = watchRetention(metrics.registry);
  let failing = false;
  const round = async () => {
    try {
      await finished;
      const bodies = await rounds.run(clock.now(), ending.signal);
      if (bodies > 0) logger.info(`${bodies} bodies of the log were dropped, as audit.retention says`);
      numbers.dropped(bodies);
      numbers.failing(false);
      failing = false;
    } catch (error) {
      if (ending.signal.aborted) return;
      logger.error('bodies of the log could not be dropped; it is tried again', { error });
      numbers.failing(true);
      if (failing) return;
      failing = true;
      const message = `audit.retention: ${error instanceof Error ? error.message : String(error)}`;
      const event = events.of('service.degraded', { outcome: 'failed', reason: 'log.unavailable', message });
      await appendAside(store, event, logger, 'service.degraded');
    }
  };
  const looks = new Looks(round, lookEveryMs);
  looks.goOn();
  return {
    look: () => looks.now(),
    async stop() {
      await stop();
      await looks.stop();
    },
  };
}
