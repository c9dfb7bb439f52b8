import { hash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { AggregatingLog } from '#audit/aggregating-log.ts';
import { HeldCertificate } from '#issuance/outside/held-certificate.ts';
import { explain } from '#policy/explain.ts';
import { Refusal } from '#refusal/refusal.ts';
import { setOf } from '#test/policy/sidecar.ts';
import { factsOfDer } from '#test/support/certificate-facts.ts';
import { questionIn } from '#test/support/rebuild.ts';
import { newRequest } from '#test/support/requests.ts';
import { readCertificate } from '#x509/certificate.ts';
import { keyUsage } from '#x509/profile/extensions.ts';
import { codeOf, Rig } from '../rig.ts';
import { having, OutsideCa, plain, shaped, trail, usage } from './outside-ca.ts';
import { ca } from './returned.ts';

const keys = { allow: ['ec:P-256', 'rsa:2048'] };
const validity = { default: '1h', min: '10m', max: '4h', above: 'clamp', below: 'clamp', jitter: '30m' };
const set = setOf({ spec: { key: keys, validity } });
const requests = await Promise.all((['ec:P-256', 'rsa:2048'] as const).map((kind) => newRequest(kind)));

/** An issuer with a mind of its own: begins early, ends sooner than it may. */
const wilful = shaped(ca, ({ shape, now, order }) => ({
  ...having(shape, { [usage]: keyUsage('digitalSignature') }),
  notBefore: now - 30,
  notAfter: now + order.seconds - 45,
}));

async function issued() {
  const rig = Rig.relaying((clock) => new OutsideCa(ca, clock, wilful), { policies: set });
  for (const { csr } of requests) {
    for (const ttl of [0n, -3n, 600n, 3600n, 7201n, 86_400n]) {
      rig.clock.advance(61_234);
      expect(codeOf(await rig.ask(rig.request({ csr, wish: { ttl } })))).toBe('issued');
    }
  }
  return rig;
}

describe('the record of a certificate from outside', () => {
  it('A-4: says what the certificate says, field by field, and where its trail begins', async () => {
    const { log } = await issued();
    const issuing = readCertificate(ca.certificate);
    for (const record of log.records) {
      const facts = factsOfDer(record);
      expect(record).toMatchObject({ type: 'certificate.issued', outside: trail, certificate: facts });
      expect(record.certificate).toMatchObject({
        profile: 'outside',
        issuer: {
          name: 'mesh',
          keyId: Buffer.from(issuing.subjectKeyId ?? []).toString('hex'),
          certSha256: hash('sha256', issuing.der, 'hex'),
          subject: 'CN=Rig CA',
        },
      });
      const said = new Set(Object.keys(Object(record.certificate)));
      expect([...said].filter((name) => !(name in facts)).toSorted()).toEqual(['profile', 'ttl']);
    }
  });

  it('A-4, P-45: has the decision made again alike, to the second, though serial and dates are not ours', async () => {
    const rig = await issued();
    const { policySetId: _, ...around } = { policySetId: set.id, trustDomain: 'cluster.local', trustDomainAliases: [] };
    const surroundings = { ...around, dialect: 'istiod', issuers: [rig.issuer.facts] } as const;
    for (const record of rig.log.records) {
      const { answer } = explain(questionIn(record, surroundings), set);
      if (answer instanceof Refusal) throw answer;
      const { notBefore, notAfter, ttl, policy, clamped } = answer;
      const time = (seconds: number) => new Date(seconds * 1000).toISOString();
      expect(record.decision).toMatchObject({
        policy,
        permitted: { ttl, notBefore: time(notBefore), notAfter: time(notAfter) },
        ...(clamped && { clamped: { ...clamped } }),
      });
      expect(record.certificate).toMatchObject({ ttl: ttl - 44 });
    }
  });

  it('is not made for anything that nobody held against its permit', () => {
    const forged: unknown = Object.create(HeldCertificate.prototype);
    expect(HeldCertificate.isHeld(forged)).toBe(false);
    for (const literal of [{}, { leaf: readCertificate(ca.certificate), trail }, null, 'held']) {
      expect(HeldCertificate.isHeld(literal)).toBe(false);
    }
  });
});

describe('refused certificates that exist', () => {
  it('A-2: are each on the record whole, where like refusals would be counted', async () => {
    const broken = shaped(ca, ({ shape }) => ({ ...shape, notAfter: shape.notAfter + 86_400 }));
    const rig = Rig.relaying((clock) => new OutsideCa(ca, clock, broken));
    for (let at = 0; at < 3; at++) expect(codeOf(await rig.ask())).toBe('profile.lint');
    const log = new AggregatingLog(rig.log, rig.clock, () => 'none is made');
    for (const { v: _, seq, time, ...event } of rig.log.records) {
      await log.append({ ...event, outcome: 'failed', id: event.id });
      expect([seq, time]).toHaveLength(2);
    }
    expect(rig.log.size).toBe(6);
    expect(new Set(rig.log.records.map(({ certificate }) => JSON.stringify(certificate))).size).toBe(3);
    await log.close();
  });

  it('A-2: refusals without one are counted, as ever', async () => {
    const rig = Rig.relaying((clock) => new OutsideCa(ca, clock, plain(ca)));
    const log = new AggregatingLog(rig.log, rig.clock, () => 'none is made');
    const event = {
      type: 'certificate.failed',
      id: 'x',
      outcome: 'failed',
      reason: 'issuer.denied',
      outside: trail,
    } as const;
    await log.append(event);
    await log.append(event);
    expect(rig.log.size).toBe(1);
  });
});
