import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issue, makeRoot } from '#test/doors/istio/pki.ts';
import { p256Request } from '#test/support/requests.ts';
import { TokenIssuer } from '#test/support/token-issuer.ts';
import { ApiServer } from './api-server.ts';

let api: ApiServer;
beforeAll(async () => {
  api = await ApiServer.start();
});
afterAll(async () => api[Symbol.asyncDispose]());

const problem = (status: number, code: string) => ({
  status,
  json: { type: `urn:countersign:refusal:${code}`, status, code, instance: expect.stringMatching(/^urn:uuid:/) },
});

describe('who comes in', () => {
  it('by a token of the configured issuer, with the roles of its claims', async () => {
    const answer = await api.ask('/v1/me', { token: api.token('auditor', { amr: ['pwd', 'mfa'] }) });
    expect(answer).toMatchObject({
      status: 200,
      json: { user: 'auditor', method: 'oidc', roles: ['auditor'] },
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    });
    expect(api.looks.at(-1)).toMatchObject({
      type: 'admin.action',
      outcome: 'success',
      door: 'admin',
      actor: { user: 'auditor', method: 'oidc', mfa: true },
      caller: { authenticator: 'oidc', credential: { issuer: 'https://people.test', subject: 'auditor' } },
      action: { route: 'GET /v1/me', parameters: {}, rows: 1 },
      request: { id: answer.headers['x-request-id'] },
      peer: { ip: '127.0.0.1', tls: { version: 'TLSv1.3' } },
    });
  });

  it('by a client certificate, by its SPIFFE ID or its subject to the letter', async () => {
    const reader = await api.certificate('Reader', ['spiffe://cluster.local/ns/audit/sa/reader']);
    const ada = await api.certificate('Ada');
    const ad = await api.certificate('Ad');
    expect(await api.ask('/v1/me', { certificate: reader })).toMatchObject({
      status: 200,
      json: { user: 'spiffe://cluster.local/ns/audit/sa/reader', method: 'client-cert', roles: ['auditor'] },
    });
    expect(await api.ask('/v1/me', { certificate: ada })).toMatchObject({
      json: { user: 'CN=Ada', roles: ['viewer'] },
    });
    expect(await api.ask('/v1/me', { certificate: ad })).toMatchObject(problem(403, 'authz.role'));
  });

  it('one login is told for each proof, however often it is used', async () => {
    const token = api.token('viewer', { jti: 'told-once' });
    await Promise.all([1, 2, 3].map(() => api.ask('/v1/me', { token })));
    const logins = api.looks.filter(({ type }) => type === 'admin.login');
    const told = logins.filter(({ caller }) => JSON.stringify(caller).includes('told-once'));
    expect(told).toMatchObject([{ actor: { user: 'viewer', method: 'oidc' } }]);
  });
});

describe('who does not', () => {
  it('is told nothing but that, and stands in the log with the reason', async () => {
    const stranger = new TokenIssuer({ issuer: 'https://people.test', audience: 'countersign' });
    const strange = await issue(await makeRoot('Strangers'), 'Ada');
    const cases = [
      ['nothing presented', {}],
      ['signature', { token: stranger.token('', '', { sub: 'auditor', groups: ['mesh-auditors'] }) }],
      ['aud', { token: api.token('auditor', { aud: ['istio-ca'] }) }],
      ['exp', { token: api.token('auditor', { exp: 1_000 }) }],
      ['three parts of base64url', { token: 'CANARY' }],
      ['does not verify', { certificate: strange }],
      ['is a CA', { certificate: await issue(api.authority, 'Ada', { ca: true }) }],
    ] as const;
    for (const [why, ask] of cases) {
      const answer = await api.ask('/v1/authority', ask);
      expect(answer, why).toMatchObject({
        ...problem(401, 'authn.failed'),
        headers: { 'www-authenticate': 'Bearer realm="countersign"' },
      });
      expect(answer.body).not.toMatch(/CANARY|signature|aud|does not/);
    }
    const denied = api.looks.filter(({ type, reason }) => type === 'admin.denied' && reason === 'authn.failed');
    expect(denied.slice(0, 1)).toMatchObject([
      { outcome: 'denied', reason: 'authn.failed', peer: { ip: '127.0.0.1' } },
    ]);
  });

  it('a token that does not hold is not made good by a certificate beside it', async () => {
    const ada = await api.certificate('Ada');
    expect(await api.ask('/v1/me', { certificate: ada, token: 'rubbish' })).toMatchObject(problem(401, 'authn.failed'));
  });

  it('somebody proven without a role is refused everything, also what is not there', async () => {
    for (const path of ['/v1/me', '/v1/authority', '/v1/openapi.json'])
      expect(await api.as('nobody', path)).toMatchObject(problem(403, 'authz.role'));
  });
});

it('the mesh CA is none of those who vouch for people: a workload is nobody here', async () => {
  const request = p256Request();
  const { chain } = await api.running.ask({ csr: request.csr });
  const workload = { pem: chain.slice(0, -1).join(''), keyPem: request.keyPem };
  expect(await api.ask('/v1/me', { certificate: workload })).toMatchObject(problem(401, 'authn.failed'));
});

it('the CAs of people are taken as the file has them by then', async () => {
  const authority = await makeRoot('Other people');
  const ada = await issue(authority, 'Ada');
  const before = await api.certificate('Ada');
  expect((await api.ask('/v1/me', { certificate: ada })).status).toBe(401);
  const reload = { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } };
  for (const [pem, statuses] of [
    ['no certificate', [401, 200]],
    [authority.pem, [200, 401]],
  ] as const) {
    api.home.write('people.pem', pem);
    await api.as('operator', '/v1/reload', reload);
    const answers = await Promise.all([ada, before].map((certificate) => api.ask('/v1/me', { certificate })));
    expect(answers.map(({ status }) => status)).toEqual(statuses);
  }
});
