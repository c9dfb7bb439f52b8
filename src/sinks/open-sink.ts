import type { RowFormatName } from '#export/format-names.ts';
import { rowFormats } from '#export/row-formats.ts';
import { type Pace, systemPace } from '#kubernetes/pace.ts';
import type { Driver } from './driver.ts';
import { FileDriver } from './files/file-driver.ts';
import { type Gather, gather, type Source } from './gather.ts';
import { ElasticDriver } from './http/elastic-driver.ts';
import { OtlpDriver } from './http/otlp-driver.ts';
import { SplunkDriver } from './http/splunk-driver.ts';
import { rowFormatOf } from './row-format.ts';
import type { RowTarget, SinkSettings } from './settings.ts';
import { StdoutDriver } from './stream/stdout-driver.ts';
import { SyslogDriver } from './syslog/syslog-driver.ts';

/** What is brought to a sink at once, and how. */
export interface OpenSink {
  readonly gather: Gather;
  readonly driver: Driver;
}

/** Loads the client of a bucket for those alone who have one. */
export async function openSink(settings: SinkSettings, source: Source, pace: Pace = systemPace): Promise<OpenSink> {
  const { to, format, batch } = settings;
  if (to.kind === 's3') return (await import('./s3/open-bucket.ts')).openBucket(to, format, source, pace);
  if (format === 'parquet') throw new TypeError(`${to.kind} takes rows one by one, and Parquet has none`);
  const rows = rowFormatOf(to, format);
  return { gather: (span) => gather(source, rows, span, batch), driver: openDriver(to, format, source.origin) };
}

function openDriver(to: RowTarget, format: RowFormatName, origin: string): Driver {
  switch (to.kind) {
    case 'file':
      return new FileDriver({ ...to, origin, extension: format, head: rowFormats[format].head });
    case 'stdout':
      return new StdoutDriver();
    case 'splunk':
      return new SplunkDriver(to, origin);
    case 'elastic':
      return new ElasticDriver(to, format);
    case 'otlp':
      return new OtlpDriver(to, format);
    case 'syslog':
      return new SyslogDriver(to);
  }
}
