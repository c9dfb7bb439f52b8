import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { tileWidth } from '#audit/tiles.ts';
import type { AuditConfig } from '#config/sections/audit.ts';
import { Archiver } from '#store/archive/archiver.ts';
import type { ArchiveTarget } from '#store/archive/target.ts';
import type { EngineLog } from '#store/engine-log.ts';
import { watchArchive } from '#telemetry/archive.ts';
import { appendAside, type EventFields } from './events.ts';
import type { Foundation } from './foundation.ts';
import { Looks } from './looks.ts';

/** ms between two looks for bundles that have become full. */
const lookEveryMs = 5_000;
/** ms before a failed copy is tried again: the first time, and at the most. */
const firstPauseMs = 5_000;
const longestPauseMs = 300_000;
/** ms that an end waits for the file that is being copied. */
const stopWithinMs = 2_000;
/** ms of standing still after which the log is told, each once. */
const gapAfterMs = [300_000, 3_600_000] as const;

type ArchiveConfig = NonNullable<AuditConfig['archive']>;

interface KeptArchive {
  readonly name: string;
  /** Bundles that stand in it, from the first on. */
  readonly bundles: number;
  look(): Promise<void>;
  stop(): Promise<void>;
}

/** Copies the published log into the archive, behind it and never in its way. `vkeys`: of all keys of the log. */
export async function keepArchive(
  foundation: Foundation,
  archive: ArchiveConfig,
  store: EngineLog,
  vkeys: readonly string[],
): Promise<KeptArchive> {
  const { config, clock, events, logger, metrics } = foundation;
  const target = await targetOf(archive, () => clock.now());
  const cursor = join(config.audit.directory, 'archive.cursor');
  const archiver = new Archiver({ target, published: config.audit.publish, cursor, vkeys });
  const ending = new AbortController();
  /** Since when there is something that it has not taken, and what was told of that. */
  let behindSince: number | undefined;
  let told = 0;
  let pauseMs = firstPauseMs;
  let notBefore = 0;

  const waiting = () => Math.max(0, Math.floor(store.publishedSize / tileWidth) - archiver.bundles);
  const lagMs = () => (behindSince === undefined ? 0 : Math.max(0, clock.now() - behindSince));
  const say = (type: 'export.started' | 'export.gap' | 'export.caught-up', fields: EventFields) =>
    appendAside(store, events.of(type, fields), logger, type);
  const counter = watchArchive(metrics.registry, {
    lagRecords: () => waiting() * tileWidth,
    lagSeconds: () => lagMs() / 1_000,
  });
  await say('export.started', { export: { sink: target.name, fromSeq: archiver.bundles * tileWidth } });

  async function round(): Promise<void> {
    if (waiting() === 0 || clock.now() < notBefore) return;
    behindSince ??= clock.now();
    try {
      // Several replicas would copy the same.
      if (!(await store.retention.leads())) {
        behindSince = undefined;
        return;
      }
      await archiver.run(store.publishedSize, ending.signal);
      if (ending.signal.aborted) return;
      pauseMs = firstPauseMs;
      if (told > 0)
        await say('export.caught-up', { export: { sink: target.name, toSeq: archiver.bundles * tileWidth } });
      [behindSince, told] = [undefined, 0];
    } catch (error) {
      counter.failed();
      notBefore = clock.now() + pauseMs;
      pauseMs = Math.min(2 * pauseMs, longestPauseMs);
      logger.warn('the log could not be archived; it is tried again', { error });
      await tellGap(error instanceof Error ? error.message : String(error));
    }
  }

  async function tellGap(message: string): Promise<void> {
    const due = gapAfterMs.filter((after) => lagMs() >= after).length;
    if (due <= told) return;
    told = due;
    const fromSeq = archiver.bundles * tileWidth;
    const count = waiting() * tileWidth;
    const gap = {
      sink: target.name,
      fromSeq,
      toSeq: fromSeq + count,
      count,
      lagMs: Math.trunc(lagMs()),
      error: message,
    };
    await say('export.gap', { outcome: 'failed', reason: 'log.unavailable', message, export: gap });
  }

  const looks = new Looks(round, lookEveryMs);
  looks.goOn();
  return {
    name: target.name,
    get bundles() {
      return archiver.bundles;
    },
    look: () => looks.now(),
    async stop() {
      ending.abort();
      // One that hangs keeps nobody from ending: what it is at is done again, to the same end.
      await Promise.race([looks.stop(), pause(stopWithinMs, undefined, { ref: false })]);
    },
  };
}

async function targetOf(archive: ArchiveConfig, now: () => number): Promise<ArchiveTarget> {
  if ('s3' in archive) return new (await import('#store/archive/s3-target.ts')).S3Target(archive.s3, now);
  return new (await import('#store/archive/directory-target.ts')).DirectoryTarget(archive.directory);
}
