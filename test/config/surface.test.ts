import { describe, expect, it } from 'vitest';
import { parseConfig } from '#config/load.ts';
import { DocumentError } from '#document/problem.ts';
import { changed, minimal } from './minimal.ts';

function problems(more: string): readonly string[] {
  try {
    parseConfig(`${minimal}${more}`, '/server.yaml');
  } catch (thrown) {
    if (thrown instanceof DocumentError) return thrown.problems.map(({ path, message }) => `${path}: ${message}`);
    throw thrown;
  }
  return [];
}

describe('what the door offers in a handshake', () => {
  it('is left to the door unless lists are given; suites of TLS 1.3 are always among them', () => {
    expect(parseConfig(minimal, '/server.yaml').config.istio.tls).toEqual({ minVersion: 'TLSv1.2' });
    const tls = '{ minVersion: TLSv1.3, cipherSuites: [ECDHE-RSA-AES128-GCM-SHA256], groups: [P-256, X25519MLKEM768] }';
    expect(parseConfig(`${minimal}istio: { tls: ${tls} }`, '/server.yaml').config.istio.tls).toEqual({
      minVersion: 'TLSv1.3',
      ciphers: [
        'TLS_AES_128_GCM_SHA256',
        'TLS_AES_256_GCM_SHA384',
        'TLS_CHACHA20_POLY1305_SHA256',
        'ECDHE-RSA-AES128-GCM-SHA256',
      ],
      groups: ['P-256', 'X25519MLKEM768'],
    });
  });

  it.each([
    ['cipherSuites: [ECDHE-RSA-ROT13]', 'istio.tls.cipherSuites[0]: "ECDHE-RSA-ROT13" is no suite of'],
    ['cipherSuites: [TLS_AES_128_GCM_SHA256]', 'TLS_AES_128_GCM_SHA256 belongs to TLS 1.3, where it is always offered'],
    ['groups: [P-257]', 'istio.tls.groups[0]: "P-257" is no group of'],
    ['groups: ["P-256:P-384"]', 'istio.tls.groups[0]: "P-256:P-384" is no group of'],
    ['minVersion: TLSv1.1', 'istio.tls.minVersion: "TLSv1.1" is not one of: TLSv1.2, TLSv1.3'],
  ])('%s is refused before a client meets it', (field, message) => {
    expect(problems(`istio: { tls: { ${field} } }`)).toEqual([expect.stringContaining(message)]);
  });

  it('is chosen by FIPS level "policy" alone', () => {
    expect(problems('istio: { tls: { groups: [P-256] } }\nfips: { level: policy }')).toEqual([
      'istio.tls: fips.level "policy" chooses suites and groups itself: leave them out',
    ]);
  });
});

describe('the longest lifetime of the door', () => {
  it('is a number of seconds, and no less than a client can renew in', () => {
    const given = (text: string) => `istio: { maxCertificateLifetime: ${text} }`;
    expect(parseConfig(`${minimal}${given('90m')}`, '/s.yaml').config.istio.maxCertificateLifetimeSeconds).toBe(5400);
    expect(parseConfig(minimal, '/s.yaml').config.istio).not.toHaveProperty('maxCertificateLifetimeSeconds');
    expect(problems(given('4m'))).toEqual(['istio.maxCertificateLifetime: 4m is not between 5m and 398d']);
  });
});

describe('the probe', () => {
  it('has an address and a path', () => {
    const { config } = parseConfig(`${minimal}admin: { probe: { listen: "[::]:6060" } }`, '/s.yaml');
    expect(config.admin.probe).toEqual({ listen: { host: '::', port: 6060 }, path: '/readyz' });
    expect(parseConfig(minimal, '/s.yaml').config.admin).not.toHaveProperty('probe');
    expect(problems('admin: { probe: { listen: "[::]:66060", path: "readyz?x" } }')).toEqual([
      'admin.probe.listen: 66060 is not a port: the highest is 65535',
      'admin.probe.path: a path begins with "/" and holds letters, digits, "/", "-", ".", "_" and "~"',
    ]);
  });
});

describe('the database of the log', () => {
  const config = (fields: string) =>
    changed('publish: public\n', `publish: public\n  store: { postgres: { ${fields} } }\n`);
  const complaints = (fields: string) => {
    try {
      parseConfig(config(fields), '/folder/server.yaml');
      return [];
    } catch (thrown) {
      if (thrown instanceof DocumentError) return thrown.problems.map(({ path, message }) => `${path}: ${message}`);
      throw thrown;
    }
  };

  it('has servers, a name and a role, and is reached over TLS unless told otherwise', () => {
    const hosts =
      'hosts: [db.example.org, "10.0.0.7:6432", "[::1]", "[fd00::7]:5433", /run/postgresql, "/run/pg:5433"]';
    expect(parseConfig(config(hosts), '/folder/server.yaml').config.audit.store).toEqual({
      hosts: [
        { host: 'db.example.org', port: 5432 },
        { host: '10.0.0.7', port: 6432 },
        { host: '::1', port: 5432 },
        { host: 'fd00::7', port: 5433 },
        { host: '/run/postgresql', port: 5432 },
        { host: '/run/pg', port: 5433 },
      ],
      database: 'countersign',
      user: 'countersign',
      schema: 'countersign',
      tls: {},
      patienceMs: 5_000,
    });
    const more =
      'hosts: [db], password: { file: secret }, tls: { ca: ca.pem, certificate: c.pem, key: k.pem }, patience: 0s';
    expect(parseConfig(config(more), '/folder/server.yaml').config.audit.store).toMatchObject({
      password: { file: '/folder/secret' },
      tls: { ca: '/folder/ca.pem', certificate: '/folder/c.pem', key: '/folder/k.pem' },
      patienceMs: 0,
    });
    expect(parseConfig(config('hosts: [db], tls: { mode: off }'), '/s.yaml').config.audit.store?.tls).toBe('off');
    expect(parseConfig(minimal, '/s.yaml').config.audit).not.toHaveProperty('store');
  });

  it.each([
    ['hosts: []', 'audit.store.postgres.hosts'],
    ['hosts: ["postgres://u:p@h/d"]', 'audit.store.postgres.hosts[0]: this is no host'],
    ['hosts: ["db:70000"]', '70000 is not a port: they go from 1 to 65535'],
    ['hosts: [db], schema: pg_log', 'audit.store.postgres.schema: "pg_log" is not a name of'],
    ['hosts: [db], schema: "a; DROP"', 'audit.store.postgres.schema: "a; DROP" is not a name of'],
    ['hosts: [db], password: { file: a, env: B }', 'audit.store.postgres.password: exactly one of file, env'],
    ['hosts: [db], tls: { certificate: a }', 'certificate and key belong together'],
    ['hosts: [db], tls: { mode: off, ca: a }', 'mode is off'],
    ['hosts: [db], patience: 2m', 'audit.store.postgres.patience: 2m is not between 0s and 1m'],
  ])('%s is refused before a server starts with it', (fields, message) => {
    expect(complaints(fields)).toEqual([expect.stringContaining(message)]);
  });
});

describe('the archive of the log, and how long it keeps bodies', () => {
  const config = (fields: string) => changed('publish: public\n', `publish: public\n  ${fields}\n`);
  const auditOf = (fields: string) => parseConfig(config(fields), '/folder/server.yaml').config.audit;
  const complaints = (fields: string) => {
    try {
      auditOf(fields);
      return [];
    } catch (thrown) {
      if (thrown instanceof DocumentError) return thrown.problems.map(({ path, message }) => `${path}: ${message}`);
      throw thrown;
    }
  };
  const keys = 'accessKey: { env: A }, secretKey: { file: secret }';

  it('is a folder or a bucket; left out there is none, and every body stays', () => {
    expect(auditOf('archive: { directory: far }').archive).toEqual({ directory: '/folder/far' });
    const bucket = `endpoint: "https://s3.example:9000/", bucket: logs, prefix: mesh, ${keys}, ca: ca.pem`;
    expect(auditOf(`archive: { s3: { ${bucket}, lock: { mode: governance, days: 3 } } }`).archive).toEqual({
      s3: {
        endpoint: 'https://s3.example:9000',
        bucket: 'logs',
        prefix: 'mesh/',
        region: 'us-east-1',
        accessKey: { env: 'A' },
        secretKey: { file: '/folder/secret' },
        pathStyle: true,
        ca: '/folder/ca.pem',
        lock: { mode: 'governance', days: 3 },
      },
    });
    expect(auditOf('retention: { bodies: 90d }').retention).toEqual({ bodiesMs: 90 * 86_400_000 });
    expect(parseConfig(minimal, '/s.yaml').config.audit).not.toHaveProperty('archive');
    expect(parseConfig(minimal, '/s.yaml').config.audit).not.toHaveProperty('retention');
  });

  it.each([
    ['archive: {}', 'audit.archive: exactly one of directory, s3'],
    [`archive: { s3: { endpoint: "ftp://s3", bucket: logs, ${keys} } }`, 'not a URL that begins with https://'],
    [`archive: { s3: { endpoint: "https://s3/logs", bucket: logs, ${keys} } }`, 'a path does not belong here'],
    [`archive: { s3: { endpoint: "https://s3", bucket: Logs, ${keys} } }`, '"Logs" is no name of a bucket'],
    [`archive: { s3: { endpoint: "https://s3", bucket: logs, prefix: "a/../b", ${keys} } }`, 'with slashes between'],
    [
      'archive: { s3: { endpoint: "https://s3", bucket: logs, accessKey: {}, secretKey: { env: B } } }',
      'audit.archive.s3.accessKey: exactly one of file, env',
    ],
    ['retention: { bodies: 10m }', 'audit.retention.bodies: 10m is not between 1h and 36500d'],
  ])('%s is refused before a server starts with it', (fields, message) => {
    expect(complaints(fields)).toEqual([expect.stringContaining(message)]);
  });
});
