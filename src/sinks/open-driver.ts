import { rowFormats } from '#export/row-formats.ts';
import type { Driver } from './driver.ts';
import { FileDriver } from './files/file-driver.ts';
import { ElasticDriver } from './http/elastic-driver.ts';
import { OtlpDriver } from './http/otlp-driver.ts';
import { SplunkDriver } from './http/splunk-driver.ts';
import type { SinkSettings } from './settings.ts';
import { StdoutDriver } from './stream/stdout-driver.ts';
import { SyslogDriver } from './syslog/syslog-driver.ts';

export function openDriver({ to, format }: SinkSettings, origin: string): Driver {
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
