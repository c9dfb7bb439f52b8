import { join } from 'node:path';
import type { SinkSettings, Target } from '#sinks/settings.ts';

/** Where the receivers of the benchmark are. */
export interface Places {
  readonly http: number;
  readonly syslog: number;
  /** Whom to trust for syslog. */
  readonly ca: string;
  /** For files. */
  readonly folder: string;
}

/** Environment variable with the secret of all of them, which nobody checks. */
export const secretName = 'COUNTERSIGN_BENCH_SECRET';

/** Every kind of sink, to a receiver of this machine. */
export function targets({ http, syslog, ca, folder }: Places): readonly SinkSettings[] {
  const url = `http://127.0.0.1:${http}`;
  const secret = { env: secretName };
  const bucket = {
    ...{ endpoint: url, bucket: 'lake', prefix: 'bench/', region: 'us-east-1', pathStyle: true },
    accessKey: secret,
    secretKey: secret,
  };
  const objects: Target = { kind: 's3', bucket, entries: 10_000, flushMs: 0 };
  const all: readonly (readonly [name: string, format: SinkSettings['format'], to: Target])[] = [
    ['file', 'jsonl', { kind: 'file', directory: join(folder, 'files'), entries: 10_000 }],
    ['stdout', 'jsonl', { kind: 'stdout' }],
    ['splunk', 'jsonl', { kind: 'splunk', url, tls: {}, token: secret, acknowledge: false }],
    ['elastic', 'ecs', { kind: 'elastic', url, tls: {}, index: 'bench' }],
    ['otlp', 'otlp', { kind: 'otlp', url, tls: {}, headers: [] }],
    ['syslog', 'cef', { kind: 'syslog', host: '127.0.0.1', port: syslog, tls: { ca } }],
    ['s3', 'jsonl', objects],
    ['s3-parquet', 'parquet', objects],
  ];
  return all.map(([name, format, to]) => ({
    ...{ name, format, to, batch: { maxRecords: 1_000, maxOctets: 1_048_576 }, timeoutMs: 30_000 },
    lagMs: [300_000, 3_600_000],
  }));
}
