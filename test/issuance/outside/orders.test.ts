import { describe, expect, it } from 'vitest';
import { FairGate } from '#issuance/fairness/gate.ts';
import { Refusal, type RefusalCode } from '#refusal/refusal.ts';
import { named, namedCsr } from '#test/e2e/istio/csrs.ts';
import { setOf } from '#test/policy/sidecar.ts';
import { newRequest } from '#test/support/requests.ts';
import {
  attribute,
  challengePassword,
  extensionRequest,
  id,
  istioSubject,
  name,
  raw,
  rdn,
  san,
  uri,
} from '#test/x509/csr/build.ts';
import { tag } from '#x509/der/tags.ts';
import { sequence, text } from '#x509/der/writer.ts';
import { generous } from '../fairness/limits.ts';
import { codeOf, Rig, type RigOptions } from '../rig.ts';
import { type Answering, OutsideCa, plain, trail } from './outside-ca.ts';
import { ca } from './returned.ts';

/** A rig, what its issuer was asked, and how many places are taken. */
function relaying(answering: Answering = plain(ca), options: Parameters<typeof Rig.relaying>[1] = {}) {
  const made: { outside?: OutsideCa; gate?: FairGate } = {};
  const gate: RigOptions['gate'] = (clock) => {
    made.gate = new FairGate(generous, clock);
    return made.gate;
  };
  const rig = Rig.relaying(
    (clock) => {
      made.outside = new OutsideCa(ca, clock, answering);
      return made.outside;
    },
    { gate, ...options },
  );
  const { outside } = made;
  if (outside === undefined) throw new Error('no issuer was made');
  return { rig, outside, held: () => made.gate?.held };
}

/** As a policy may be that only looks at the key. */
const lenient = { challengePassword: 'ignore', unknownAttributes: 'ignore' };
const organization = sequence(rdn(name('2.5.4.10', text(tag.utf8String, 'system:masters'))));
const subjects = [
  ...named,
  { what: 'an organization of its own', reason: 'csr.subject', parts: { subject: organization } },
  {
    what: 'a challengePassword',
    reason: 'csr.challenge-password',
    parts: { attributes: [challengePassword(), extensionRequest([san(uri(id))])] },
  },
  {
    what: 'an attribute that means nothing to us',
    reason: 'csr.attribute',
    parts: { attributes: [attribute('1.3.6.1.4.1.311.13.2.1', raw('0500')), extensionRequest([san(uri(id))])] },
  },
];

describe('a request for an outside issuer', () => {
  it.each(subjects.filter(({ reason }) => reason !== undefined))(
    'Istio 65: with $what is refused before anybody is asked, in istiod’s dialect too',
    async ({ reason, parts }) => {
      for (const csrNames of ['ignore', 'exact'] as const) {
        const { rig, outside, held } = relaying(plain(ca), { policies: setOf({ spec: { csr: lenient } }) });
        expect(codeOf(await rig.ask(rig.request({ csr: namedCsr(parts), wish: { csrNames } })))).toBe(reason);
        expect(outside.orders).toEqual([]);
        expect(rig.ends).toEqual([`certificate.denied ${reason}`]);
        expect(rig.log.records[0]).not.toHaveProperty('outside');
        expect(held()).toBe(0);
      }
    },
  );

  it.each(subjects.filter(({ reason }) => reason === undefined))(
    'Istio 61, 62: with $what is passed on as it came',
    async ({ parts }) => {
      const { rig, outside } = relaying();
      const asked = namedCsr(parts);
      expect(codeOf(await rig.ask(rig.request({ csr: asked, wish: { ttl: 1800n } })))).toBe('issued');
      expect(outside.orders).toMatchObject([
        { csr: asked, seconds: 1800, purpose: 'workload', label: 'spiffe://cluster.local/ns/demo/sa/web' },
      ]);
    },
  );

  it('Istio 61: the empty organization of an agent comes back copied, and is taken', async () => {
    const { rig } = relaying();
    const end = await rig.ask(rig.request({ csr: namedCsr({ subject: istioSubject() }) }));
    if (!('issued' in end)) throw end.refusal;
    const der = Buffer.from(end.issued.facts.leaf.split('-----')[2] ?? '', 'base64');
    expect(der.includes(istioSubject())).toBe(true);
  });

  it('asks for the lifetime that was permitted, not for the one that was wished', async () => {
    const spec = { validity: { default: '1h', max: '2h', above: 'clamp' } };
    const { rig, outside } = relaying(plain(ca), { policies: setOf({ spec }) });
    for (const ttl of [0n, 86_400n]) expect(codeOf(await rig.ask(rig.request({ wish: { ttl } })))).toBe('issued');
    expect(outside.orders.map(({ seconds }) => seconds)).toEqual([3600, 7200]);
  });

  it('Istio 85: is not made before the issuer has named the roots that everybody trusts', async () => {
    const { rig, outside } = relaying(plain(ca), { roots: 'yet to be named' });
    expect(codeOf(await rig.ask())).toBe('issuer.unavailable');
    expect(outside.orders).toEqual([]);
  });
});

const noes: readonly (readonly [what: string, thrown: unknown, code: RefusalCode])[] = [
  ['says no', new Refusal('issuer.denied', 'the approver said no'), 'issuer.denied'],
  ['cannot be asked', new Refusal('issuer.unavailable', 'the API server is away'), 'issuer.unavailable'],
  ['has too much to do', new Refusal('overload', 'more than 200 at a time'), 'overload'],
  ['breaks', new TypeError('a fault in an adapter'), 'internal'],
];

describe('an outside issuer that', () => {
  it.each(noes)('A-2: %s ends the request once, with the trail on the record', async (_, thrown, code) => {
    const { rig, outside, held } = relaying(() => Promise.reject(thrown));
    expect(codeOf(await rig.ask())).toBe(code);
    expect(rig.log.records).toMatchObject([{ type: 'certificate.failed', reason: code, outside: trail }]);
    expect(rig.log.records[0]).not.toHaveProperty('certificate');
    expect(held()).toBe(0);
    outside.answering = plain(ca);
    expect(codeOf(await rig.ask())).toBe('issued');
  });
});

const waysToGo: readonly (readonly [what: string, reason: Refusal | undefined, code: RefusalCode])[] = [
  ['its client goes away', undefined, 'cancelled'],
  ['its deadline comes', new Refusal('deadline', 'the time of this call is over'), 'deadline'],
  ['the server drains', new Refusal('draining', 'the server is going away'), 'draining'],
];

describe('a request that an issuer does not answer', () => {
  it.each(waysToGo)(
    'Istio 87, 90: when %s, ends at once and gives its place back, whatever the issuer does',
    async (_, reason, code) => {
      const asked = Promise.withResolvers<AbortSignal>();
      const late = Promise.withResolvers<void>();
      const { rig, outside, held } = relaying(async (order, signal) => {
        asked.resolve(signal);
        await late.promise;
        return plain(ca)(order, signal);
      });
      const client = new AbortController();
      const ended = rig.ask(rig.request(), client.signal);
      const signal = await asked.promise;
      expect(held()).toBe(1);
      client.abort(reason);
      expect(codeOf(await ended)).toBe(code);
      expect(signal.aborted).toBe(true);
      expect(held()).toBe(0);
      expect(rig.log.records).toMatchObject([{ type: 'certificate.failed', reason: code, outside: trail }]);

      // What it says afterwards is of no use to anybody.
      late.resolve();
      outside.answering = plain(ca);
      expect(codeOf(await rig.ask())).toBe('issued');
      expect(rig.ends).toEqual([`certificate.failed ${code}`, 'certificate.issued']);
    },
  );

  it('Istio 90: is not even made where its client has gone before', async () => {
    const { rig, outside } = relaying();
    expect(codeOf(await rig.ask(rig.request(), AbortSignal.abort()))).toBe('cancelled');
    await rig.ask();
    expect(outside.orders).toHaveLength(1);
  });

  it('Istio 88: holds up nobody else, and nobody waits for a clock', async () => {
    const stuck = new AbortController();
    const { rig, outside, held } = relaying(() => new Promise<string>(() => {}));
    const waiting = Array.from({ length: 50 }, () => rig.ask(rig.request(), stuck.signal));
    while (outside.orders.length < 50) await new Promise(setImmediate);
    outside.answering = plain(ca);
    const served = await Promise.all(Array.from({ length: 50 }, () => rig.ask()));
    expect(new Set(served.map(codeOf))).toEqual(new Set(['issued']));
    expect(held()).toBe(50);
    stuck.abort();
    expect(new Set((await Promise.all(waiting)).map(codeOf))).toEqual(new Set(['cancelled']));
    expect(held()).toBe(0);
    expect(rig.log.size).toBe(100);
  });

  it('Istio 88: is not waited for by the log either, which would write the records of others together with its own', async () => {
    const stuck = new AbortController();
    const { rig, outside } = relaying(() => new Promise<string>(() => {}));
    const told: (number | undefined)[] = [];
    const append = rig.log.append.bind(rig.log);
    rig.log.append = (event, following?: number) => {
      told.push(following);
      return append(event);
    };
    const waiting = rig.ask(rig.request(), stuck.signal);
    while (outside.orders.length === 0) await new Promise(setImmediate);
    outside.answering = plain(ca);
    for (let n = 0; n < 3; n++) expect(codeOf(await rig.ask())).toBe('issued');
    stuck.abort();
    await waiting;
    expect(codeOf(await rig.ask())).toBe('issued');
    expect(told).toEqual([0, 0, 0, undefined, 0]);
  });

  it('A-2: a client that goes away while the record is written has the one record that it was issued', async () => {
    const { rig } = relaying();
    const commit = rig.log.hold();
    const client = new AbortController();
    const ended = rig.ask(rig.request(), client.signal);
    await rig.log.asked(1);
    client.abort();
    expect(codeOf(await ended)).toBe('cancelled');
    commit();
    expect(codeOf(await rig.ask())).toBe('issued');
    expect(rig.ends).toEqual(['certificate.issued', 'certificate.issued']);
  });
});

describe('a log that cannot be written', () => {
  it('A-2: releases no certificate from outside; too full for "issued", it says "failed" and which one exists', async () => {
    const { rig } = relaying();
    rig.log.refuse(new Refusal('log.unavailable', 'the log cannot be written'));
    expect(codeOf(await rig.ask())).toBe('log.unavailable');
    expect(rig.ends).toEqual([]);
    rig.log.refuse(new Refusal('overload', 'too many records wait'));
    expect(codeOf(await rig.ask())).toBe('overload');
    expect(rig.log.records).toMatchObject([
      { type: 'certificate.failed', outside: trail, certificate: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) } },
    ]);
  });
});

describe('a level that a policy demands', () => {
  it('is looked for in what comes back, since nobody knows the issuer before', async () => {
    const { csr: request } = await newRequest('ec:P-384');
    const askUnder = (profile: string) => {
      const spec = { key: { allow: ['ec:P-384'] }, require: { profile } };
      const { rig } = relaying(plain(ca), { policies: setOf({ spec }) });
      return rig.ask(rig.request({ csr: request }));
    };
    expect(codeOf(await askUnder('interop'))).toBe('issued');
    expect(await askUnder('cnsa-1')).toMatchObject({
      refusal: { code: 'profile.lint', message: expect.stringContaining('not in profile cnsa-1') },
    });
  });
});
