import { gunzipSync } from 'node:zlib';
import { decodeEntry } from '#audit/entry.ts';
import type { Pace } from '#kubernetes/pace.ts';
import type { S3Settings } from '#s3/settings.ts';
import type { Source } from '#sinks/gather.ts';
import { openBucket } from '#sinks/s3/open-bucket.ts';
import type { BucketTarget, SinkSettings } from '#sinks/settings.ts';

/** A sink of objects as the configuration has it. */
export function sinkIn(bucket: S3Settings, more: Partial<BucketTarget> = {}, format: SinkSettings['format'] = 'jsonl') {
  return {
    name: 'lake',
    format,
    to: { kind: 's3', bucket, entries: 100, flushMs: 60_000, ...more },
    batch: { maxRecords: 1_000, maxOctets: 1 << 20 },
    timeoutMs: 30_000,
    lagMs: [300_000, 3_600_000],
  } as const satisfies SinkSettings;
}

/** For a rig: that sink instead of one that is told what to say. */
export const intoBucket =
  ({ to, format }: ReturnType<typeof sinkIn>) =>
  (source: Source, pace: Pace) =>
    openBucket(to, format, source, pace);

/** Numbers of the entries in objects of lines, one after the other. */
export function seqsIn(objects: Iterable<Uint8Array>): number[] {
  return [...objects].flatMap((octets) =>
    gunzipSync(octets)
      .toString()
      .split('\n')
      .slice(0, -1)
      .map((line) => decodeEntry(Buffer.from(line)).seq),
  );
}

/** `_NAME.sha256` is beside NAME. */
export const isSum = (key: string) => /\/_[^/]*\.sha256$/.test(key);
