import { type FormatName, formatNames } from '#export/formats.ts';
import type { Target } from './settings.ts';

/** What each kind of sink can be given; the first unless told. */
export const formatsOf: Readonly<Record<Target['kind'], readonly FormatName[]>> = {
  file: formatNames,
  stdout: ['jsonl', 'ocsf', 'cef', 'otlp'],
  splunk: ['jsonl', 'ocsf'],
  elastic: ['ecs', 'jsonl', 'ocsf'],
  otlp: ['otlp'],
  syslog: ['cef'],
};
