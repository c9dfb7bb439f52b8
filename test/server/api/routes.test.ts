import { hash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openCheckpoint } from '#audit/checkpoint.ts';
import { decodeEntry, type Entry } from '#audit/entry.ts';
import { isConsistent } from '#audit/merkle-proof.ts';
import { parseTlogProof, verifyTlogProof } from '#audit/tlog-proof.ts';
import { parseVkeys } from '#audit/vkey.ts';
import { routeTable } from '#doors/api/routes/table.ts';
import { ApiServer, type Person } from './api-server.ts';

let api: ApiServer;
let sha256 = '';
let serial = '';
beforeAll(async () => {
  // nobody but a reload looks at the files
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  api = await ApiServer.start({}, { policies: ['policy.yaml'] }, (home) =>
    home.write('policy.yaml', readFileSync('policies/istio.yaml', 'utf8')),
  );
  const [leaf = ''] = (await api.running.ask()).chain;
  const certificate = new X509Certificate(leaf);
  sha256 = hash('sha256', certificate.raw, 'hex');
  serial = certificate.serialNumber.toLowerCase();
});
afterAll(async () => {
  vi.useRealTimers();
  await api[Symbol.asyncDispose]();
});

const people = ['viewer', 'auditor', 'operator', 'officer', 'nobody'] as const;
const everybody: readonly Person[] = ['viewer', 'auditor', 'operator', 'officer'];

/** Every route, by whom it may be asked, and an address that it answers. */
const expected: Readonly<Record<string, { readonly for: readonly Person[]; readonly at: () => string }>> = {
  'GET /v1/me': { for: everybody, at: () => '/v1/me' },
  'GET /v1/authority': { for: everybody, at: () => '/v1/authority' },
  'GET /v1/policies': { for: everybody, at: () => '/v1/policies' },
  'GET /v1/health': { for: everybody, at: () => '/v1/health' },
  'GET /v1/version': { for: everybody, at: () => '/v1/version' },
  'GET /v1/openapi.json': { for: everybody, at: () => '/v1/openapi.json' },
  'POST /v1/reload': { for: ['operator'], at: () => '/v1/reload' },
  'GET /v1/questions': { for: ['auditor'], at: () => '/v1/questions' },
  'GET /v1/questions/{name}': { for: ['auditor'], at: () => '/v1/questions/live?namespace=demo&proof=true' },
  'GET /v1/ceremonies': { for: ['auditor', 'officer'], at: () => '/v1/ceremonies?limit=2' },
  'GET /v1/records': { for: ['auditor'], at: () => '/v1/records?from=0&to=5' },
  'GET /v1/records/stream': { for: ['auditor'], at: () => '/v1/records/stream' },
  'GET /v1/records/{index}': { for: ['auditor'], at: () => '/v1/records/3' },
  'GET /v1/records/{index}/proof': { for: ['auditor'], at: () => '/v1/records/3/proof' },
  'GET /v1/certificates': { for: ['auditor'], at: () => `/v1/certificates?sha256=${sha256}` },
  'GET /v1/certificates/{sha256}/proof': { for: ['auditor'], at: () => `/v1/certificates/${sha256}/proof` },
  'GET /v1/checkpoint': { for: ['auditor'], at: () => '/v1/checkpoint' },
  'GET /v1/consistency': { for: ['auditor'], at: () => '/v1/consistency?from=2&to=5' },
};

const table = routeTable('0');
const names = table.map(({ method, path }) => `${method} ${path}`);

describe('the table of routes', () => {
  it('is the one that is expected here, so that no route comes without somebody saying for whom', () => {
    expect(names.toSorted()).toEqual(Object.keys(expected).toSorted());
  });

  it('writes by POST alone, and gives no reading role a route that does', () => {
    for (const { method, roles, writes } of table) {
      expect(method).toBe(writes ? 'POST' : 'GET');
      if (writes) expect(roles.filter((role) => role === 'viewer' || role === 'auditor')).toEqual([]);
    }
  });

  it.each(names.filter((name) => !name.endsWith('/stream')))(
    '%s is for just those, and for nobody without a proof',
    async (name) => {
      const { for: allowed, at } = expected[name] ?? { for: [], at: () => '' };
      const [method = ''] = name.split(' ');
      const write = method === 'POST' ? { body: '{}', headers: { 'content-type': 'application/json' } } : {};
      const ask = (token: string | undefined) => api.ask(at(), { method, ...(token && { token }), ...write });
      const answers = await Promise.all(people.map(async (who) => [who, (await ask(api.token(who))).status] as const));
      expect(answers).toEqual(people.map((who) => [who, allowed.includes(who) ? 200 : 403]));
      expect((await ask(undefined)).status).toBe(401);
    },
  );
});

describe('what is answered', () => {
  let document: {
    paths: Record<string, Record<string, { responses: { 200: { content: Record<string, { schema: object }> } } }>>;
    components: object;
  };
  let ajv: Ajv2020;
  beforeAll(async () => {
    document = Object(JSON.parse((await api.as('viewer', '/v1/openapi.json')).body));
    ajv = new Ajv2020({ strict: false, allErrors: true });
    ajv.addSchema({ $id: 'openapi', components: document.components });
  });

  it('is described by OpenAPI 3.1, every route with its roles', () => {
    expect(document).toMatchObject({ openapi: '3.1.0', info: { title: 'Countersign admin API' } });
    const described = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.toSorted()).toEqual(names.toSorted());
  });

  it.each(names.filter((name) => !name.endsWith('/stream') && name.startsWith('GET')))(
    '%s has the shape that the document says',
    async (name) => {
      const [, path = ''] = name.split(' ');
      const { for: allowed, at } = expected[name] ?? { for: [], at: () => '' };
      const answer = await api.as(allowed.includes('auditor') ? 'auditor' : 'operator', at());
      expect(answer.status).toBe(200);
      const [[media = '', { schema }] = ['', { schema: {} }]] = Object.entries(
        document.paths[path]?.get?.responses[200].content ?? {},
      );
      expect(answer.headers['content-type']).toContain(media);
      const fits = ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('#/components', 'openapi#/components')));
      fits(media === 'application/json' ? answer.json : answer.body);
      expect(fits.errors ?? []).toEqual([]);
    },
  );

  it('by a problem of the same document', async () => {
    const fits = ajv.compile({ $ref: 'openapi#/components/schemas/Problem' });
    for (const [path, status] of [
      ['/v1/nothing', 404],
      ['/v1/records?from=x&to=2', 400],
      ['/v1/records/999999', 404],
    ] as const) {
      const answer = await api.as('auditor', path);
      expect(answer).toMatchObject({ status, headers: { 'content-type': 'application/problem+json' } });
      fits(answer.json);
      expect(fits.errors ?? []).toEqual([]);
    }
  });

  it('shows policies as they were read, by the set that records name', async () => {
    const { json } = await api.as('viewer', '/v1/policies');
    const issued = api.running.records.findLast(({ door }) => door === 'istio');
    expect(json).toMatchObject({ setId: Object(issued?.decision).policySetId, defaults: { unmatched: 'denied' } });
    const [policy] = Object(json).documents;
    expect(policy.sha256).toBe(hash('sha256', policy.text, 'hex'));
    expect(readFileSync('policies/istio.yaml', 'utf8')).toBe(policy.text);
  });

  it('shows the chain that workloads get, and what expires', async () => {
    const { json } = await api.as('viewer', '/v1/authority');
    expect(json).toMatchObject({
      trustDomain: 'cluster.local',
      issuers: [
        { name: 'mesh', isDefault: true, way: 'sign', chain: [api.home.intermediate.pem], subject: 'CN=Test mesh CA' },
      ],
      trustBundle: { pem: api.home.root.pem },
      log: { origin: 'log.test/mesh' },
    });
    const roles = Object(json).expiries.map(({ role }: { role: string }) => role);
    expect(roles).toEqual(expect.arrayContaining(['api', 'serving', 'intermediate', 'root']));
    expect((await api.as('viewer', '/v1/authority')).body).not.toContain('PRIVATE KEY');
  });
});

describe('the log, for an auditor', () => {
  const vkeys = async () => parseVkeys(Object((await api.as('auditor', '/v1/authority')).json).log.keys.join('\n'));

  it('proves a certificate by its SHA-256, and each row of an answer', async () => {
    const { body } = await api.as('auditor', `/v1/certificates/${sha256}/proof`);
    const proof = parseTlogProof(body);
    verifyTlogProof(proof, proof.entry ?? Buffer.of(), ...(await vkeys()));
    expect(decodeEntry(proof.entry ?? Buffer.of())).toMatchObject({
      type: 'certificate.issued',
      certificate: { sha256 },
    });
    const { json } = await api.as('auditor', `/v1/questions/logged?serial=${serial}&proof=true`);
    expect(json).toMatchObject({ records: [{ index: proof.index, record: { certificate: { sha256 } } }] });
    const [row] = Object(json).records;
    const own = parseTlogProof(row.proof);
    expect(own.index).toBe(row.index);
    verifyTlogProof(own, own.entry ?? Buffer.of(), ...(await vkeys()));
  });

  it('proves that it only grows', async () => {
    const first = openCheckpoint(Buffer.from((await api.as('auditor', '/v1/checkpoint')).body), ...(await vkeys()));
    await api.as('auditor', `/v1/records/${first.size}/proof`);
    const second = openCheckpoint(Buffer.from((await api.as('auditor', '/v1/checkpoint')).body), ...(await vkeys()));
    expect(second.size).toBeGreaterThan(first.size);
    const { json } = await api.as('auditor', `/v1/consistency?from=${first.size}&to=${second.size}`);
    const hashes = Object(json).proof.map((each: string) => Buffer.from(each, 'base64'));
    expect(isConsistent(first, second, hashes)).toBe(true);
  });

  it('pages through an answer without a gap or a repetition', async () => {
    for (const _ of [1, 2, 3]) await api.running.ask();
    const all = Object((await api.as('auditor', '/v1/questions/live?namespace=demo')).json).records;
    const paged: unknown[] = [];
    let before = '';
    do {
      const { json } = await api.as('auditor', `/v1/questions/live?namespace=demo&limit=2${before}`);
      paged.push(...Object(json).records);
      before = Object(json).before === undefined ? '' : `&before=${Object(json).before}`;
    } while (before !== '');
    expect(all.length).toBeGreaterThanOrEqual(4);
    expect(paged).toEqual(all);
  });

  it('each look stands there, with what it was given and how many rows came of it; reading changes nothing else', async () => {
    const before = api.running.records.length;
    await api.as('auditor', '/v1/questions/live?namespace=demo&limit=2');
    await api.as('viewer', '/v1/policies');
    await api.as('auditor', '/v1/questions/held');
    const since = api.running.records.slice(before).filter(({ type }) => type !== 'admin.login');
    expect(since).toMatchObject([
      {
        type: 'admin.action',
        outcome: 'success',
        action: {
          route: 'GET /v1/questions/{name}',
          parameters: { name: 'live', namespace: 'demo', limit: 2 },
          rows: 2,
        },
      },
      { type: 'admin.action', outcome: 'success', action: { route: 'GET /v1/policies' } },
      {
        type: 'admin.action',
        outcome: 'failed',
        reason: 'request.malformed',
        message: 'held needs identity or identity-prefix',
      },
    ]);
  });

  it('tells who looked at what, each look of this question too', async () => {
    await api.as('viewer', '/v1/policies');
    const { json } = await api.as('auditor', '/v1/questions/looks?limit=3');
    const told = Object(json).records.map(({ record }: { record: Entry }) => record);
    const seen = told.find(({ action }: Entry) => Object(action).route === 'GET /v1/policies');
    expect(seen).toMatchObject({ actor: { user: 'viewer', method: 'oidc' } });
    const again = Object((await api.as('auditor', '/v1/questions/looks?limit=3')).json).records;
    expect(again.map(({ record }: { record: Entry }) => Object(record.action).parameters?.name)).toContain('looks');
  });
});

describe('a reload', () => {
  const reload = { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } };
  const changes = async () => Object((await api.as('operator', '/v1/reload', reload)).json).changes;

  it('takes what the files say by then, tells what changed, and stands in the log before and after', async () => {
    const text = readFileSync('policies/istio.yaml', 'utf8');
    const before = Object((await api.as('viewer', '/v1/policies')).json).setId;
    const from = api.running.records.length;
    api.home.write('policy.yaml', text.replace(/priority: \d+/, 'priority: 77'));
    const { json } = await api.as('operator', '/v1/reload', reload);
    expect(json).toMatchObject({ changes: [{ type: 'policy.loaded', outcome: 'success' }] });
    expect(Object(json).policySet).not.toBe(before);
    const since = api.running.records.slice(from).filter(({ type }) => type !== 'admin.login');
    expect(since).toMatchObject([
      { type: 'admin.action', actor: { user: 'operator' }, action: { route: 'POST /v1/reload', stage: 'begun' } },
      { type: 'policy.loaded' },
      { type: 'admin.action', action: { route: 'POST /v1/reload', stage: 'ended', rows: 1 } },
    ]);
    expect(await changes()).toEqual([]);
  });

  it('tells of a policy that is refused, and the old set stays in force', async () => {
    const before = Object((await api.as('viewer', '/v1/policies')).json).setId;
    api.home.write('policy.yaml', 'kind: Nonsense');
    expect(await changes()).toMatchObject([{ type: 'policy.refused', outcome: 'failed' }]);
    expect(Object((await api.as('viewer', '/v1/policies')).json).setId).toBe(before);
  });

  it.each([
    ['as no form of another site can send it', { ...reload, headers: {} }, 415],
    [
      'as a browser says of another site',
      { ...reload, headers: { ...reload.headers, 'sec-fetch-site': 'cross-site' } },
      403,
    ],
    ['with a body', { ...reload, body: '{"policies":"mine"}' }, 400],
    ['with a long body', { ...reload, body: ' '.repeat(1_000_000) }, 413],
    ['by GET', {}, 405],
  ])('%s it is refused, and nothing is begun', async (_, ask, status) => {
    const before = api.running.records.length;
    expect((await api.as('operator', '/v1/reload', ask)).status).toBe(status);
    const since = api.running.records.slice(before).filter(({ type }) => type !== 'admin.login');
    expect(since.map(({ type }) => type).filter((type) => type !== 'admin.denied')).toEqual([]);
  });
});
