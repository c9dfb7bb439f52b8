import type { Format } from '#export/format.ts';
import type { FormatName } from '#export/format-names.ts';
import { rowFormats } from '#export/row-formats.ts';
import type { Pace } from '#kubernetes/pace.ts';
import type { Source } from '../gather.ts';
import type { OpenSink } from '../open-sink.ts';
import type { BucketTarget } from '../settings.ts';
import { Packer } from './packer.ts';
import { S3Driver } from './s3-driver.ts';

export function openBucket(
  { bucket, entries, flushMs }: BucketTarget,
  name: FormatName,
  source: Source,
  pace: Pace,
): OpenSink {
  const isText = name !== 'parquet';
  const packer = new Packer({ source, format: () => formatOf(name), compressed: isText, entries, flushMs, pace });
  const driver = new S3Driver({
    bucket,
    origin: source.origin,
    extension: isText ? `${name}.gz` : name,
    contentType: isText ? 'application/gzip' : 'application/vnd.apache.parquet',
  });
  return { gather: packer.gather, driver };
}

/** The writer of Parquet is read from the disk for those alone who write it. */
async function formatOf(name: FormatName): Promise<Format> {
  return name === 'parquet' ? (await import('#export/parquet/parquet.ts')).parquet : rowFormats[name];
}
