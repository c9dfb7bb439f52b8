import {
  appendFileSync,
  chmodSync,
  chownSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSession } from '#store/postgres/open-session.ts';
import type { PostgresSettings } from '#store/postgres/settings.ts';
import { issue, makeRoot } from '#test/doors/istio/pki.ts';
import { describeWith } from '#test/oracles.ts';
import { PostgresServer } from '#test/support/postgres/server.ts';

const password = 'CANARY correct horse';

describeWith(['postgres'], 'the way to a log in PostgreSQL', () => {
  let server: PostgresServer;
  let home: string;
  const file = (name: string, text: string) => {
    writeFileSync(join(home, name), text, { mode: 0o600 });
    return join(home, name);
  };
  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'countersign-way-'));
    server = await PostgresServer.start();
    const authority = await makeRoot('Test database CA');
    const ours = await issue(authority, 'localhost', { dns: ['localhost'] });
    const client = await issue(authority, 'certified', {});
    const { uid, gid } = statSync(server.data);
    for (const [name, pem] of [
      ['server.crt', ours.pem],
      ['server.key', ours.keyPem],
      ['root.crt', authority.pem],
    ] as const) {
      const path = join(server.data, name);
      writeFileSync(path, pem);
      chownSync(path, uid, gid);
      chmodSync(path, 0o600);
    }
    file('ca.pem', authority.pem);
    file('other-ca.pem', (await makeRoot('Another CA')).pem);
    file('client.pem', client.pem);
    file('client.key', client.keyPem);
    file('password', `${password}\n`);
    const rules = join(server.data, 'pg_hba.conf');
    const before = readFileSync(rules, 'utf8');
    writeFileSync(rules, '');
    appendFileSync(rules, 'host all worded all scram-sha-256\nhostssl all certified all cert\n');
    appendFileSync(rules, before);
    server.configure("ssl = on\nssl_cert_file = 'server.crt'\nssl_key_file = 'server.key'\nssl_ca_file = 'root.crt'");
    // PostgreSQL 13 would still keep it as MD5.
    await server.sql(`SET password_encryption = 'scram-sha-256';
      CREATE ROLE worded LOGIN PASSWORD '${password}'; CREATE ROLE certified LOGIN`);
    await server.stop();
    await server.start();
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(home, { recursive: true });
  });

  /** Who we are to the server, and whether the connection is protected; or why there is none. */
  async function asked(changed: Partial<PostgresSettings>): Promise<unknown> {
    try {
      const session = await openSession(server.settings('public', changed));
      const [row] = await session.query(
        'SELECT current_user::text AS name, COALESCE((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS tls',
      );
      await session.close();
      return row;
    } catch (thrown) {
      return String(thrown);
    }
  }
  const localhost = () => [{ host: 'localhost', port: server.port }];
  const at = (name: string) => join(home, name);

  it('leads through a socket', async () => {
    const hosts = [{ host: server.socketFolder, port: server.port }];
    expect(await asked({ hosts, tls: { ca: at('other-ca.pem') } })).toEqual({ name: 'tester', tls: false });
  });

  it('passes a server over that is not there', async () => {
    const hosts = [{ host: '127.0.0.1', port: 1 }, ...localhost()];
    expect(await asked({ hosts })).toEqual({ name: 'tester', tls: false });
    expect(await asked({ hosts: hosts.slice(0, 1) })).toMatch(/127\.0\.0\.1:1: .*ECONNREFUSED/);
  });

  it('is set up so that a commit lasts and nobody sits on a lock, whatever the role was given', async () => {
    await server.sql('CREATE ROLE hasty LOGIN');
    const shown = async (value: string) => {
      await server.sql(`ALTER ROLE hasty SET synchronous_commit = ${value}`);
      const session = await openSession(server.settings('public', { user: 'hasty' }));
      const [row] = await session.query(
        "SELECT current_setting('synchronous_commit') AS commits, current_setting('idle_in_transaction_session_timeout') AS idle",
      );
      await session.close();
      return row;
    };
    expect(await shown('off')).toEqual({ commits: 'on', idle: '5s' });
    expect(await shown('local')).toEqual({ commits: 'on', idle: '5s' });
    expect(await shown('remote_apply')).toEqual({ commits: 'remote_apply', idle: '5s' });
  });

  it('compiles no statement and starts no workers for it, whatever the planner expects of it and the role was given', async () => {
    await server.sql('CREATE ROLE diligent LOGIN');
    const settings = ['jit = on', 'jit_above_cost = 0', 'parallel_setup_cost = 0', 'parallel_tuple_cost = 0'];
    for (const setting of [...settings, 'min_parallel_table_scan_size = 0'])
      await server.sql(`ALTER ROLE diligent SET ${setting}`);
    const session = await openSession(server.settings('public', { user: 'diligent' }));
    const plan = await session.query('EXPLAIN ANALYZE SELECT count(*) FROM pg_class');
    await session.close();
    expect(plan.length).toBeGreaterThan(1);
    expect(plan.map((row) => row['QUERY PLAN']).join('\n')).not.toMatch(/JIT|Workers/);
  });

  describe('with TLS', () => {
    it('leads to a server whose certificate is valid for its name', async () => {
      expect(await asked({ hosts: localhost(), tls: { ca: at('ca.pem') } })).toEqual({ name: 'tester', tls: true });
    });

    const refused: readonly (readonly [name: string, settings: () => Partial<PostgresSettings>, words: RegExp])[] = [
      ['another name', () => ({ tls: { ca: at('ca.pem') } }), /altnames|IP: 127\.0\.0\.1 is not/i],
      ['another CA', () => ({ hosts: localhost(), tls: { ca: at('other-ca.pem') } }), /certificate|signature/i],
      ['no CA that the public knows', () => ({ hosts: localhost(), tls: {} }), /certificate|self-signed/i],
      ['a CA file that is not there', () => ({ hosts: localhost(), tls: { ca: at('none.pem') } }), /ENOENT/],
    ];
    it.each(refused)('does not lead to one with %s', async (_, settings, words) => {
      expect(await asked(settings())).toMatch(words);
    });

    it('shows our certificate to a server that asks for it', async () => {
      const tls = { ca: at('ca.pem'), certificate: at('client.pem'), key: at('client.key') };
      expect(await asked({ hosts: localhost(), user: 'certified', tls })).toEqual({ name: 'certified', tls: true });
      expect(await asked({ hosts: localhost(), user: 'certified', tls: { ca: at('ca.pem') } })).toMatch(/certificate/);
    });
  });

  describe('with a password', () => {
    it('is read anew for each connection, from a file or a variable', async () => {
      expect(await asked({ user: 'worded', password: { file: at('password') } })).toMatchObject({ name: 'worded' });
      process.env.COUNTERSIGN_TEST_DATABASE_PASSWORD = password;
      const env = { env: 'COUNTERSIGN_TEST_DATABASE_PASSWORD' };
      expect(await asked({ user: 'worded', password: env })).toMatchObject({ name: 'worded' });
      delete process.env.COUNTERSIGN_TEST_DATABASE_PASSWORD;
      expect(await asked({ user: 'worded', password: env })).toMatch(/COUNTERSIGN_TEST_DATABASE_PASSWORD is not set/);
    });

    it('A-5: is in no message, wrong or right', async () => {
      const wrong = { user: 'worded', password: { file: file('wrong', 'CANARY wrong') } };
      const said = [
        await asked(wrong),
        await asked({ ...wrong, user: 'nobody-there' }),
        await asked({ user: 'worded' }),
        await asked({ user: 'worded', password: { file: at('password') }, database: 'none' }),
      ];
      for (const each of said) {
        expect(each).toMatch(/the log's database cannot be used/);
        expect(each).not.toContain('CANARY');
      }
      expect(said[0]).toMatch(/password authentication failed/);
    });

    it('is not looked for where it was not said to be', async () => {
      process.env.PGPASSWORD = password;
      process.env.PGSSLMODE = 'require';
      try {
        expect(await asked({ user: 'worded' })).toMatch(/password/);
        expect(await asked({})).toEqual({ name: 'tester', tls: false });
      } finally {
        delete process.env.PGPASSWORD;
        delete process.env.PGSSLMODE;
      }
    });
  });
});
