import { parseByteSize, parseDuration } from '#document/scalars.ts';
import type { SinkSettings, Target } from '#sinks/settings.ts';
import type { PathFrom } from './resolve-key.ts';
import type { ServerConfigText } from './schema/server-config.ts';

type SinkText = ServerConfigText['exports'][number];

export function resolveSink({ name, format, to, batch, timeout, lag }: SinkText, from: PathFrom): SinkSettings {
  return {
    name,
    format,
    to: resolveTarget(to, from),
    batch: { maxRecords: batch.records, maxOctets: parseByteSize(batch.size) },
    timeoutMs: parseDuration(timeout) * 1000,
    lagMs: [parseDuration(lag.warn) * 1000, parseDuration(lag.alarm) * 1000],
  };
}

function resolveTarget(to: SinkText['to'], from: PathFrom): Target {
  if (to.file !== undefined) return { kind: 'file', directory: from(to.file.directory), entries: to.file.entries };
  return { kind: 'stdout' };
}
