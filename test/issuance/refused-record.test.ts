import { describe, expect, it } from 'vitest';
import { entryLimit } from '#audit/entry.ts';
import type { Attempt } from '#issuance/request.ts';
import { mintCaller } from '#policy/caller.ts';
import { Refusal } from '#refusal/refusal.ts';
import { setOf } from '#test/policy/sidecar.ts';
import { p256Request, web } from '#test/support/requests.ts';
import { codeOf, csr, Rig, webCaller } from './rig.ts';

const peer = { ip: '192.0.2.7', port: 41_000, tls: { version: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256' } };
const caller = {
  identity: web,
  authenticator: 'oidc',
  cluster: 'Kubernetes',
  namespace: 'demo',
  serviceAccount: 'web',
  pod: { name: 'web-1', uid: '5d1f' },
  node: 'node-a',
  credential: { issuer: 'https://tokens.test', audience: ['istio-ca'], subject: 'system:serviceaccount:demo:web' },
};

describe('the record of a refusal', () => {
  it('A-3: by policy names caller, wish, reason, policy and set', async () => {
    const rig = Rig.of({ policies: setOf({ name: 'narrow', spec: { key: { allow: ['ec:P-384'] } } }) });
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const { refusal } = Object(await rig.ask(rig.request({ traceparent, wish: { ttl: 900n } })));
    const [record] = rig.log.records;
    expect(record).toMatchObject({
      v: 1,
      seq: 0,
      type: 'certificate.denied',
      outcome: 'denied',
      reason: 'key.not-allowed',
      message: refusal.message,
      instance: { name: 'rig' },
      door: 'istio',
      request: { id: 'request-1', traceparent, bytes: csr().length, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      peer,
      caller,
      asked: {
        ttl: 900,
        sans: [`uri:${web}`],
        key: { kind: 'ec:P-256', spkiSha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
        csrSignature: 'ecdsa-sha256',
        extensions: ['2.5.29.17'],
      },
      decision: { policySetId: rig.policies.id, policy: 'narrow' },
    });
    expect(record?.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect(record).not.toHaveProperty('certificate');
  });

  it('A-3: for a foreign name keeps what was asked beside who asked', async () => {
    const rig = Rig.of();
    const foreign = 'spiffe://cluster.local/ns/demo/sa/bank';
    const request = rig.request({ csr: p256Request(foreign).csr, wish: { csrNames: 'exact' } });
    expect(codeOf(await rig.ask(request))).toBe('identity.mismatch');
    expect(rig.log.records[0]).toMatchObject({
      reason: 'identity.mismatch',
      caller: { identity: web },
      asked: { sans: [`uri:${foreign}`] },
      decision: { policySetId: rig.policies.id },
    });
  });

  it('A-3: of an unproven attempt is there too, with its address and without a caller', async () => {
    const rig = Rig.of({ authenticate: async () => undefined });
    await rig.ask();
    const [record] = rig.log.records;
    expect(record).toMatchObject({
      type: 'certificate.denied',
      reason: 'authn.failed',
      peer,
      asked: { ttl: 3600 },
      decision: { policySetId: rig.policies.id },
    });
    expect(record).not.toHaveProperty('caller');
  });

  it.each([
    ['an impersonated identity', { impersonate: `spiffe://cluster.local/ns/${'x'.repeat(60_000)}/sa/web` }],
    ['a signer', { signer: 'x'.repeat(60_000) }],
    ['a signer of characters that JSON writes long', { signer: '\u0001'.repeat(20_000) }],
  ])('A-2: one that names %s as long as a message may be still has its record', async (_, wish) => {
    const rig = Rig.of();
    const code = codeOf(await rig.ask(rig.request({ wish })));
    expect(rig.ends).toEqual([expect.stringMatching(new RegExp(`^certificate\\.(denied|failed) ${code}$`))]);
    expect(JSON.stringify(rig.log.records[0]).length).toBeLessThan(entryLimit);
  });

  it('A-2: one whose proof says far more than it has to still has its record', async () => {
    const long = 'ü'.repeat(6_000);
    const facts = {
      ...webCaller().facts,
      credential: {
        issuer: long,
        subject: long,
        jti: long,
        kid: long,
        audience: Array.from({ length: 999 }, () => long),
      },
    };
    const rig = Rig.of({ authenticate: async () => mintCaller(facts) });
    expect(codeOf(await rig.ask())).toBe('issued');
    expect(codeOf(await rig.ask(rig.request({ csr: 'rubbish' })))).toBe('csr.pem');
    expect(rig.ends).toEqual(['certificate.issued', 'certificate.denied csr.pem']);
  });

  it('A-3: a lifetime that no number holds stands as the largest that one can', async () => {
    const rig = Rig.of();
    await rig.ask(rig.request({ wish: { ttl: 2n ** 63n - 1n } }));
    await rig.ask(rig.request({ wish: { ttl: -(2n ** 63n) } }));
    expect(rig.log.records).toMatchObject([
      { reason: 'ttl.too-long', asked: { ttl: Number.MAX_SAFE_INTEGER } },
      { type: 'certificate.issued', asked: { ttl: -Number.MAX_SAFE_INTEGER } },
    ]);
  });
});

describe('what a door turns away before it is a request', () => {
  const attempt: Attempt = {
    id: 'attempt-1',
    door: 'istio',
    evidence: { authorization: ['Bearer CANARY'], clusterId: [], peer },
  };
  const malformed = new Refusal('csr.malformed', 'the request is not an IstioCertificateRequest: field 1 is cut off');

  it('A-2: has exactly one record, without caller and wish, and the observer hears of it', async () => {
    const rig = Rig.of();
    expect(await rig.sequence.refuse(attempt, malformed)).toBe(malformed);
    const [record, ...more] = rig.log.records;
    expect(more).toEqual([]);
    expect(record).toMatchObject({
      type: 'certificate.denied',
      reason: 'csr.malformed',
      message: malformed.message,
      request: { id: 'attempt-1' },
      door: 'istio',
      peer,
      decision: { policySetId: rig.policies.id },
    });
    for (const absent of ['caller', 'asked', 'certificate']) expect(record).not.toHaveProperty(absent);
    expect(JSON.stringify(record)).not.toContain('CANARY');
    expect(rig.outcomes).toMatchObject([{ refusal: { code: 'csr.malformed' }, leafIndex: 0 }]);
  });

  it('A-2: is answered only once it is on the record, and never rejects when it cannot be', async () => {
    const rig = Rig.of();
    const commit = rig.log.hold();
    const order: string[] = [];
    const refused = rig.sequence.refuse(attempt, malformed).then(() => order.push('answered'));
    await rig.log.asked(1);
    order.push('committed');
    commit();
    await refused;
    expect(order).toEqual(['committed', 'answered']);
    rig.log.refuse(new Refusal('log.unavailable', 'the audit log cannot be written'));
    expect(await rig.sequence.refuse(attempt, malformed)).toMatchObject({ code: 'log.unavailable' });
    expect(rig.ends).toEqual(['certificate.denied csr.malformed']);
  });

  it('A-2: what we could not do is "failed", not "denied"', async () => {
    const rig = Rig.of();
    await rig.sequence.refuse(attempt, new Refusal('overload', '256 calls are under way; try again'));
    expect(rig.log.records).toMatchObject([{ type: 'certificate.failed', outcome: 'failed', reason: 'overload' }]);
  });
});
