import { createHash, createPublicKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Signer } from '#issuance/ports.ts';
import type { Issued } from '#issuance/request.ts';
import { Refusal, type RefusalCode } from '#refusal/refusal.ts';
import { deny, setOf } from '#test/policy/sidecar.ts';
import { p256Request, requestWith } from '#test/support/requests.ts';
import { codeOf, intermediateOf, Rig, type RigOptions, webCaller } from './rig.ts';

const authnFailed = new Refusal('authn.failed', 'oidc: the token has expired');
const authnUnavailable = new Refusal('authn.unavailable', 'oidc: the keys cannot be had');
const rejecting = (reason: unknown) => () => Promise.reject(reason);
const ownSpki = createHash('sha256')
  .update(createPublicKey(intermediateOf('ec:P-256').key).export({ type: 'spki', format: 'der' }))
  .digest('hex');
const stolen = () => {
  const { key } = p256Request();
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  return { key, spkiSha256: createHash('sha256').update(spki).digest('hex') };
};

type Over = Parameters<Rig['request']>[0];
interface Case {
  readonly code: RefusalCode;
  readonly type: 'certificate.denied' | 'certificate.failed';
  readonly rig?: RigOptions;
  readonly request?: Over;
}

/** A refusal by every stage, in their order; `denied` where the asker has to change something. */
const refusals: readonly (readonly [name: string, one: Case])[] = [
  [
    'a proof that does not hold',
    { code: 'authn.failed', type: 'certificate.denied', rig: { authenticate: rejecting(authnFailed) } },
  ],
  [
    'no proof at all',
    { code: 'authn.failed', type: 'certificate.denied', rig: { authenticate: async () => undefined } },
  ],
  [
    'keys that cannot be had',
    { code: 'authn.unavailable', type: 'certificate.failed', rig: { authenticate: rejecting(authnUnavailable) } },
  ],
  [
    'a fault in an authenticator',
    { code: 'internal', type: 'certificate.failed', rig: { authenticate: rejecting(new TypeError('x')) } },
  ],
  ['a CSR that is no PEM', { code: 'csr.pem', type: 'certificate.denied', request: { csr: 'rubbish' } }],
  [
    'a CSR that is too large',
    { code: 'csr.too-large', type: 'certificate.denied', request: { csr: 'x'.repeat(20_000) } },
  ],
  [
    'a signer that is not there',
    { code: 'issuer.unknown', type: 'certificate.denied', request: { wish: { signer: 'other' } } },
  ],
  [
    'a lifetime over the limit',
    { code: 'ttl.too-long', type: 'certificate.denied', request: { wish: { ttl: 10_000_000n } } },
  ],
  [
    'a policy that denies',
    {
      code: 'policy.denied',
      type: 'certificate.denied',
      rig: { policies: setOf({ name: 'no', spec: deny({ priority: 200, message: 'not today' }) }, {}) },
    },
  ],
  [
    'no policy that fits',
    {
      code: 'policy.no-match',
      type: 'certificate.denied',
      rig: { policies: setOf({ spec: { match: { namespaces: ['other'] } } }) },
    },
  ],
  [
    'a key that policy does not allow',
    {
      code: 'key.not-allowed',
      type: 'certificate.denied',
      rig: { policies: setOf({ spec: { key: { allow: ['ec:P-384'] } } }) },
    },
  ],
  [
    'a certificate over the permitted size',
    {
      code: 'profile.lint',
      type: 'certificate.failed',
      rig: { policies: setOf({ spec: { certificate: { maxSize: '300B' } } }) },
    },
  ],
];

describe('the end of a request', () => {
  it.each(refusals)('A-2: %s is exactly one record', async (_, { code, type, rig: options = {}, request }) => {
    const rig = Rig.of(options);
    expect(codeOf(await rig.ask(rig.request(request)))).toBe(code);
    expect(rig.ends).toEqual([`${type} ${code}`]);
    expect(rig.outcomes).toMatchObject([{ refusal: { code }, leafIndex: 0 }]);
  });

  it('A-2: a certificate is exactly one record, and the observer hears of it once', async () => {
    const rig = Rig.of();
    expect(codeOf(await rig.ask())).toBe('issued');
    expect(rig.ends).toEqual(['certificate.issued']);
    expect(rig.outcomes).toHaveLength(1);
    expect(rig.outcomes[0]).not.toHaveProperty('refusal');
    expect([...(rig.outcomes[0]?.stageMs ?? [])].every((ms) => ms >= 0)).toBe(true);
  });

  it('P-31: a key of our own in a CSR is refused before anything is drawn for it', async () => {
    const { key, spkiSha256 } = stolen();
    const drawn: string[] = [];
    const rig = Rig.of({ ownKeys: new Set([ownSpki, spkiSha256]), during: (stage) => drawn.push(stage) });
    for (const own of [key, intermediateOf('ec:P-256').key]) {
      expect(codeOf(await rig.ask(rig.request({ csr: requestWith(own, 'ec:P-256').csr })))).toBe('key.own');
    }
    expect(rig.ends).toEqual(['certificate.denied key.own', 'certificate.denied key.own']);
    expect(drawn).toEqual(['csr', 'csr']);
  });
});

const waysToGo: readonly (readonly [name: string, reason: Refusal | undefined, code: RefusalCode])[] = [
  ['its client goes away', undefined, 'cancelled'],
  ['its deadline comes', new Refusal('deadline', 'the time of this call is over'), 'deadline'],
  ['the server drains', new Refusal('draining', 'the server is going away'), 'draining'],
];

describe.each(waysToGo)('a request when %s', (_, reason, code) => {
  /** Options that abort while the stage runs, once. */
  function abortingDuring(stage: string, abort: () => void): RigOptions {
    let first = true;
    const once = () => {
      if (first) abort();
      first = false;
    };
    const signer = (real: Signer): Signer => ({
      algorithm: real.algorithm,
      spki: real.spki,
      async sign(tbs) {
        if (stage === 'sign') once();
        return real.sign(tbs);
      },
      close: () => real.close(),
    });
    return {
      signer,
      async authenticate() {
        if (stage === 'authn') once();
        return webCaller();
      },
      during: (now) => {
        if (stage === now) once();
      },
    };
  }

  it.each(['authn', 'csr', 'policy', 'sign'])(
    'A-2: during %s, is exactly one failed record and no certificate',
    async (stage) => {
      const controller = new AbortController();
      const rig = Rig.of(abortingDuring(stage, () => controller.abort(reason)));
      expect(codeOf(await rig.ask(rig.request(), controller.signal))).toBe(code);
      // What was under way has ended by the time that a later request has.
      expect(codeOf(await rig.ask())).toBe('issued');
      expect(rig.ends).toEqual([`certificate.failed ${code}`, 'certificate.issued']);
      expect(rig.log.records.map(({ request }) => request)).toMatchObject([{ id: 'request-1' }, { id: 'request-2' }]);
    },
  );

  it('A-2: before it began, is exactly one failed record', async () => {
    const rig = Rig.of();
    expect(codeOf(await rig.ask(rig.request(), AbortSignal.abort(reason)))).toBe(code);
    expect(codeOf(await rig.ask())).toBe('issued');
    expect(rig.ends).toEqual([`certificate.failed ${code}`, 'certificate.issued']);
  });

  it('A-2: while its record is being written, is the one record that it was issued, and no certificate', async () => {
    const controller = new AbortController();
    const rig = Rig.of();
    const commit = rig.log.hold();
    const ended = rig.ask(rig.request(), controller.signal);
    await rig.log.asked(1);
    controller.abort(reason);
    expect(codeOf(await ended)).toBe(code);
    commit();
    expect(codeOf(await rig.ask())).toBe('issued');
    expect(rig.ends).toEqual(['certificate.issued', 'certificate.issued']);
  });

  it('A-2: while its record is being written, whoever keeps what becomes of it has the certificate of that record', async () => {
    const controller = new AbortController();
    const late: Promise<Issued>[] = [];
    const rig = Rig.of();
    const commit = rig.log.hold();
    const ended = rig.sequence.issue(rig.request(), controller.signal, (outcome) => late.push(outcome));
    await rig.log.asked(1);
    controller.abort(reason);
    await expect(ended).rejects.toMatchObject({ code });
    expect(late).toHaveLength(1);
    commit();
    const [issued] = await Promise.all(late);
    expect(rig.log.records).toMatchObject([
      { type: 'certificate.issued', certificate: { serial: issued?.facts.serial } },
    ]);
  });

  it('A-2: before its record was begun, there is nothing to keep', async () => {
    const controller = new AbortController();
    const late: Promise<Issued>[] = [];
    const rig = Rig.of(abortingDuring('sign', () => controller.abort(reason)));
    const ended = rig.sequence.issue(rig.request(), controller.signal, (outcome) => late.push(outcome));
    await expect(ended).rejects.toMatchObject({ code });
    expect(codeOf(await rig.ask())).toBe('issued');
    expect(late).toEqual([]);
  });
});

describe('many requests at once', () => {
  it('A-2: each has exactly one record, whenever its client went away', async () => {
    const rig = Rig.of();
    const requests = Array.from({ length: 300 }, () => rig.request());
    const ended = await Promise.all(
      requests.map(async (request, n) => {
        const controller = new AbortController();
        const asked = rig.ask(request, controller.signal);
        for (let turn = n % 12; turn > 0; turn--) await new Promise(setImmediate);
        if (n % 3 !== 0) controller.abort();
        return { request, end: await asked };
      }),
    );
    // One more, so that all that was still under way has been written.
    await rig.ask();
    const records = rig.log.records.slice(0, -1);
    const ids = records.map(({ request }) => JSON.stringify(request));
    expect(new Set(ids).size).toBe(requests.length);
    expect(records).toHaveLength(requests.length);
    const codes = new Set(ended.map(({ end }) => codeOf(end)));
    expect(codes).toEqual(new Set(['issued', 'cancelled']));
    for (const { request, end } of ended) {
      if (!('issued' in end)) continue;
      expect(rig.log.records[end.issued.facts.leafIndex]).toMatchObject({
        type: 'certificate.issued',
        request: { id: request.id },
        certificate: { serial: end.issued.facts.serial },
      });
    }
  });
});

describe('a log that cannot be written', () => {
  const unavailable = () => new Refusal('log.unavailable', 'the audit log cannot be written, so nothing is issued');
  const full = () => new Refusal('overload', '4096 records wait for the log; try again');

  it('A-2: releases no certificate, and the refusal of one is "unavailable" too', async () => {
    const rig = Rig.of();
    rig.log.refuse(unavailable(), unavailable());
    expect(codeOf(await rig.ask())).toBe('log.unavailable');
    expect(codeOf(await rig.ask(rig.request({ csr: 'rubbish' })))).toBe('log.unavailable');
    expect(rig.ends).toEqual([]);
    expect(rig.outcomes).toMatchObject([
      { refusal: { code: 'log.unavailable' } },
      { refusal: { code: 'log.unavailable' } },
    ]);
    expect(codeOf(await rig.ask())).toBe('issued');
  });

  it('A-2: leaves nothing to keep of what it refused', async () => {
    const rig = Rig.of();
    const late: Promise<Issued>[] = [];
    rig.log.refuse(unavailable());
    const ended = rig.sequence.issue(rig.request(), new AbortController().signal, (outcome) => late.push(outcome));
    await expect(ended).rejects.toMatchObject({ code: 'log.unavailable' });
    expect(late).toEqual([]);
  });

  it('A-2: too full for "issued", it says "failed" as soon as it can', async () => {
    const rig = Rig.of();
    rig.log.refuse(full());
    expect(codeOf(await rig.ask())).toBe('overload');
    expect(rig.ends).toEqual(['certificate.failed overload']);
    expect(rig.log.records[0]).not.toHaveProperty('certificate');
    rig.log.refuse(full(), full());
    expect(codeOf(await rig.ask())).toBe('overload');
    expect(rig.ends).toEqual(['certificate.failed overload']);
  });
});
