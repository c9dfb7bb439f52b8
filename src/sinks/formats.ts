import { type FormatName, formatNames, rowFormatNames } from '#export/format-names.ts';
import type { Target } from './settings.ts';

/** What each kind of sink can be given; the first unless told. */
export const formatsOf: Readonly<Record<Target['kind'], readonly FormatName[]>> = {
  file: rowFormatNames,
  stdout: ['jsonl', 'ocsf', 'cef', 'otlp'],
  splunk: ['jsonl', 'ocsf'],
  elastic: ['ecs', 'jsonl', 'ocsf'],
  otlp: ['otlp', 'otlp-proto'],
  syslog: ['cef'],
  s3: formatNames,
};
