import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { completeEntry, encodeEvent } from '#audit/entry.ts';
import type { AuditEvent } from '#audit/event.ts';
import { ApiDoor } from '#doors/api/api-door.ts';
import type { ApiViews } from '#doors/api/ports.ts';
import { mintAdministrator } from '#policy/administrator.ts';
import { roles } from '#policy/role.ts';
import { Refusal } from '#refusal/refusal.ts';
import { deniedEvent } from '#test/audit/example-event.ts';
import { issue, makeRoot } from '../istio/pki.ts';

const who = mintAdministrator({
  user: 'ada',
  method: 'oidc',
  credential: { jti: 'one' },
  roles,
  expires: Math.floor(Date.now() / 1000) + 3_600,
});

const seventh = completeEntry(encodeEvent(deniedEvent(7)), 7, '2026-11-21T12:00:00.000Z');
const nothing = () => Promise.reject(new Error('not asked here'));
const views: ApiViews = {
  authority: nothing,
  policies: () => ({ setId: '', documents: [], defaults: { unmatched: 'denied', keys: [], signatures: [] } }),
  health: () => {
    throw new Error('CANARY: a fault of ours');
  },
  version: { version: '1.2.3', node: '26', openssl: '3' },
  reload: async () => {
    reloads++;
    return { changes: [], policySet: '', trustBundleSha256: 'ab'.repeat(32), issuers: [] };
  },
  log: {
    size: 9,
    publishedSize: 0,
    checkpoint: () => undefined,
    entry: async (index) => (index === 7 ? seventh : undefined),
    entries: async () => [seventh],
    tlogProof: nothing,
    consistencyProof: nothing,
  },
  inventory: { ask: nothing, find: nothing },
};
let reloads = 0;

describe('an answer', () => {
  let door: ApiDoor;
  let roots: string;
  let appended: AuditEvent[];
  let append: (event: AuditEvent) => Promise<number>;
  const failures: unknown[] = [];
  const rejected: string[] = [];

  beforeAll(async () => {
    const root = await makeRoot('Mesh');
    const own = await issue(root, 'api', { ips: ['127.0.0.1'] });
    roots = root.pem;
    let id = 0;
    const nextId = () => `id-${id++}`;
    door = await ApiDoor.listen({
      ...{ host: '127.0.0.1', port: 0, eventId: nextId, requestId: nextId, instance: {}, views },
      bounds: {
        maxConnections: 100,
        maxInFlight: 2,
        maxInFlightEach: 2,
        perSecond: 1_000,
        connectionsPerSecond: 20,
        maxStreams: 1,
        maxStreamsEach: 1,
      },
      tls: { key: own.keyPem, chain: own.pem },
      proof: { authenticate: async () => who },
      log: {
        append(event) {
          appended.push(event);
          return append(event);
        },
        size: 0,
        newestTime: 0,
      },
      observer: {
        answered() {},
        failed: (thrown) => failures.push(thrown),
        rejected: (_, reason) => rejected.push(reason),
      },
    });
  });
  afterAll(() => door.close());
  beforeEach(() => {
    appended = [];
    reloads = 0;
    append = async () => 0;
  });

  function ask(path: string, method = 'GET'): { readonly status: Promise<number>; readonly body: Promise<string> } {
    const status = Promise.withResolvers<number>();
    const body = Promise.withResolvers<string>();
    const headers = method === 'POST' ? { 'content-type': 'application/json' } : {};
    const options = { host: '127.0.0.1', port: door.address.port, ca: roots, agent: false, path, method, headers };
    const request = httpsRequest(options, (response) => {
      status.resolve(response.statusCode ?? 0);
      let text = '';
      response.on('data', (chunk) => {
        text += String(chunk);
      });
      response.on('end', () => body.resolve(text));
    });
    request.on('error', status.reject);
    request.end(method === 'POST' ? '{}' : undefined);
    return { status: status.promise, body: body.promise };
  }

  const isLook = ({ type }: AuditEvent) => type === 'admin.action';

  it('waits for its record: not an octet of it leaves before that is durable', async () => {
    const asked = Promise.withResolvers<void>();
    const durable = Promise.withResolvers<number>();
    append = (event) => {
      if (!isLook(event)) return Promise.resolve(0);
      asked.resolve();
      return durable.promise;
    };
    const answer = ask('/v1/version');
    await asked.promise;
    const other = ask('/v1/nothing');
    // a whole other exchange goes by, and nothing has come
    expect(await other.status).toBe(404);
    expect(await Promise.race([answer.status, Promise.resolve('nothing yet')])).toBe('nothing yet');
    durable.resolve(1);
    expect(await answer.status).toBe(200);
    expect(await answer.body).toContain('1.2.3');
  });

  it.each([
    ['log.unavailable', 503],
    ['overload', 503],
  ] as const)('is not given where the log says %s, nor is the login before it', async (code, status) => {
    append = () => Promise.reject(new Refusal(code, 'no room'));
    const answer = ask('/v1/version');
    expect(await answer.status).toBe(status);
    expect(await answer.body).not.toContain('1.2.3');
  });

  it('of a write: it is on the record before anything is done, and nothing is done where it cannot be', async () => {
    append = async (event) => {
      if (isLook(event)) expect(reloads).toBe(Object(event.action).stage === 'begun' ? 0 : 1);
      return 0;
    };
    expect(await ask('/v1/reload', 'POST').status).toBe(200);
    expect(appended.filter(isLook).map(({ action }) => Object(action).stage)).toEqual(['begun', 'ended']);
    append = (event) => (isLook(event) ? Promise.reject(new Refusal('log.unavailable', 'gone')) : Promise.resolve(0));
    expect(await ask('/v1/reload', 'POST').status).toBe(503);
    expect(reloads).toBe(1);
  });

  it('that a fault of ours prevents says no more than that, and stands in the log as failed', async () => {
    const answer = ask('/v1/health');
    expect(await answer.status).toBe(500);
    expect(await answer.body).not.toContain('CANARY');
    expect(appended.filter(isLook)).toMatchObject([{ outcome: 'failed', reason: 'internal' }]);
    expect(JSON.stringify(appended)).not.toContain('CANARY');
    expect(failures).toMatchObject([new Error('CANARY: a fault of ours')]);
  });

  it('names what is left of a pruned log by its own index, and of the rest says that only hashes are left', async () => {
    const { size, records } = JSON.parse(await ask('/v1/records?from=5&to=9').body);
    expect({ size, indexes: records.map(({ index }: { index: number }) => index) }).toEqual({ size: 9, indexes: [7] });
    for (const path of ['/v1/records/6', '/v1/records/6/proof']) {
      const answer = ask(path);
      expect(await answer.status).toBe(404);
      expect(await answer.body).toContain('only the hash is left');
    }
  });

  it('for whom there is no place is told so at once', async () => {
    const held = Promise.withResolvers<number>();
    const both = Promise.withResolvers<void>();
    let waiting = 0;
    append = (event) => {
      if (!isLook(event)) return Promise.resolve(0);
      if (++waiting === 2) both.resolve();
      return held.promise;
    };
    const slow = [ask('/v1/version'), ask('/v1/version')];
    await both.promise;
    expect(await ask('/v1/version').status).toBe(503);
    held.resolve(0);
    expect(await Promise.all(slow.map(({ status }) => status))).toEqual([200, 200]);
    expect(appended.at(-1)).toBeDefined();
    expect(appended.filter(({ type }) => type === 'admin.denied')).toMatchObject([{ reason: 'overload' }]);
  });

  it('is not even begun for an address that connects again and again', async () => {
    const sockets = Array.from({ length: 160 }, () => connect(door.address.port, '127.0.0.1').on('error', () => {}));
    await vi.waitUntil(() => rejected.includes('too many connections from this address'), { timeout: 10_000 });
    for (const socket of sockets) socket.destroy();
  });
});
