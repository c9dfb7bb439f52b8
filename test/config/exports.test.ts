import { describe, expect, it } from 'vitest';
import { parseConfig } from '#config/load.ts';
import { complaintOf } from './complaint.ts';
import { minimal } from './minimal.ts';

const parse = (exports: string) =>
  parseConfig(`${minimal}exports: ${exports}\n`, '/etc/countersign/server.yaml').config;
const sink = (to: string, more = '') => `[{ name: siem, to: { ${to} }${more} }]`;

describe('the list of exports', () => {
  it('is empty unless sinks are given', () => {
    expect(parseConfig(minimal, '/etc/countersign/server.yaml').config.exports).toEqual([]);
  });

  it('has bounds for what is left out, and paths from its own folder', () => {
    expect(parse(sink('file: { directory: siem }')).exports).toEqual([
      {
        name: 'siem',
        format: 'jsonl',
        to: { kind: 'file', directory: '/etc/countersign/siem', entries: 100_000 },
        batch: { maxRecords: 1_000, maxOctets: 1_048_576 },
        timeoutMs: 30_000,
        lagMs: [300_000, 3_600_000],
      },
    ]);
    const tls = 'tls: { ca: ca.pem, certificate: c.pem, key: k.pem }';
    const basic = 'basic: { user: siem, password: { file: password } }';
    const keys = 'accessKey: { file: access }, secretKey: { env: S3_SECRET }';
    const lock = 'lock: { mode: compliance, days: 400 }';
    expect(
      parse(sink(`s3: { endpoint: "https://s3.example/", bucket: lake, ${keys}, ${lock} }`)).exports[0]?.to,
    ).toEqual({
      kind: 's3',
      bucket: {
        ...{ endpoint: 'https://s3.example', bucket: 'lake', prefix: 'countersign-exports/', region: 'us-east-1' },
        pathStyle: true,
        accessKey: { file: '/etc/countersign/access' },
        secretKey: { env: 'S3_SECRET' },
        lock: { mode: 'compliance', days: 400 },
      },
      entries: 100_000,
      flushMs: 60_000,
    });
    const formatOf = (to: string) => parse(sink(to)).exports[0]?.format;
    expect(parse(sink('syslog: { host: siem, enterpriseNumber: 64999 }')).exports[0]?.to).toEqual({
      kind: 'syslog',
      host: 'siem',
      port: 6514,
      enterpriseNumber: 64_999,
      tls: {},
    });
    expect([formatOf('stdout: {}'), formatOf('elastic: { url: "https://es" }')]).toEqual(['jsonl', 'ecs']);
    expect(parse(sink(`elastic: { url: "https://es", ${basic}, ${tls} }`)).exports[0]?.to).toEqual({
      kind: 'elastic',
      url: 'https://es',
      index: 'logs-countersign.audit-default',
      authorization: { kind: 'basic', user: 'siem', secret: { file: '/etc/countersign/password' } },
      tls: { ca: '/etc/countersign/ca.pem', certificate: '/etc/countersign/c.pem', key: '/etc/countersign/k.pem' },
    });
  });

  const s3 = (more = '', name = 'lake') =>
    `s3: { endpoint: "https://s3.example", bucket: ${name}, accessKey: { env: A }, secretKey: { env: B }${more} }`;

  it('takes Parquet for a bucket', () => {
    expect(parse(sink(s3(), ', format: parquet')).exports[0]?.format).toBe('parquet');
  });

  it.each([
    [sink(s3(', flush: 5m')), 'exports[0].to.s3.flush: 5m is not shorter than lag.warn, 5m'],
    [sink(s3(', flush: 2h')), 'exports[0].to.s3.flush: 2h is not between 1s and 1h'],
    [sink(s3(', sessionToken: {}')), 's3.sessionToken: exactly one of file, env belongs here'],
    [sink(s3('', 'Lake')), 's3.bucket: "Lake" is no name of a bucket'],
    [
      `[{ name: a, to: { ${s3()} } }, { name: b, to: { ${s3(', prefix: countersign-exports')} } }]`,
      'exports[1].to.s3.prefix: countersign-exports is where a has its objects',
    ],
    [sink('file: { directory: a }', ', format: parquet'), 'exports[0].format: file takes jsonl'],
    [sink(''), 'exports[0].to: exactly one of file, stdout'],
    [sink('stdout: {}, file: { directory: a }'), 'exports[0].to: exactly one of file, stdout'],
    ['[{ name: a, to: { stdout: {} } }, { name: a, to: { file: { directory: b } } }]', 'exports[1].name: "a" is given'],
    [sink('stdout: {}', ', batch: { size: 17MiB }'), 'exports[0].batch.size: 17MiB is more than 16MiB'],
    [sink('stdout: {}', ', timeout: 11m'), 'exports[0].timeout: 11m is not between 1s and 10m'],
    [sink('stdout: {}', ', lag: { warn: 2h }'), 'exports[0].lag.alarm: 1h is not longer than warn, 2h'],
    [
      sink('stdout: {}', ', format: csv'),
      'exports[0].format: stdout takes jsonl, ocsf, cef, otlp; csv is none of them',
    ],
    [sink('otlp: { url: "https://a/?key=hidden" }'), 'exports[0].to.otlp.url: a URL here has no query'],
    [sink('splunk: { url: "https://me:hidden@a", token: { env: T } }'), 'a URL here holds no user name'],
    [sink('otlp: { url: "ftp://a" }'), 'exports[0].to.otlp.url: not a URL that begins with https:// or http://'],
    [sink('elastic: { url: "https://u:p@es" }'), 'elastic.url: a URL here holds no user name and no password'],
    [sink('elastic: { url: "https://es", tls: { key: k } }'), 'elastic.tls: certificate and key belong together'],
    [sink('splunk: { url: "https://a", token: {} }'), 'splunk.token: exactly one of file, env belongs here'],
    [
      sink('elastic: { url: "https://a", apiKey: { env: A }, basic: { user: u, password: { env: P } } }'),
      'exports[0].to.elastic: apiKey and basic are given',
    ],
    [
      sink('otlp: { url: "https://a", headers: [{ name: "a:b", value: { env: A } }] }'),
      'otlp.headers[0].name: "a:b" is no name of a header',
    ],
  ])('%s is refused', (exports, message) => {
    const complaint = complaintOf(() => parse(exports));
    expect(complaint).toContain(message);
    expect(complaint).not.toContain('hidden');
  });
});
