import { hash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { explain } from '#policy/explain.ts';
import type { PolicySet } from '#policy/set.ts';
import { Refusal } from '#refusal/refusal.ts';
import { setOf } from '#test/policy/sidecar.ts';
import { factsOfDer } from '#test/support/certificate-facts.ts';
import { questionIn, type Surroundings } from '#test/support/rebuild.ts';
import type { LogRecord } from '#test/support/records.ts';
import { newRequest } from '#test/support/requests.ts';
import { readCertificate } from '#x509/certificate.ts';
import { readPem } from '#x509/pem.ts';
import { intermediateOf, Rig } from './rig.ts';

const keys = { allow: ['ec:P-256', 'ec:P-384', 'rsa:2048', 'ed25519'] };
const jittered = { default: '1h', min: '10m', max: '4h', above: 'clamp', below: 'clamp', jitter: '30m' };
const sets: readonly (readonly [name: string, set: PolicySet])[] = [
  ['a plain policy', setOf({ spec: { key: keys } })],
  ['jitter and clamps', setOf({ spec: { key: keys, validity: jittered } })],
  ['a level', setOf({ spec: { key: { allow: ['ec:P-256', 'ec:P-384', 'rsa:2048'] }, require: { fips: 'policy' } } })],
  [
    'a narrow policy before a broad one',
    setOf(
      { name: 'narrow', spec: { priority: 300, key: keys, match: { namespaces: ['demo'] } } },
      { spec: { key: keys } },
    ),
  ],
];
const requests = await Promise.all(
  (['ec:P-256', 'ec:P-384', 'rsa:2048', 'ed25519'] as const).map((kind) => newRequest(kind)),
);
const wishes = [0n, -3n, 600n, 3600n, 7201n, 14_400n];

/** Everything that a set lets through, recorded. */
async function recordedUnder(set: PolicySet): Promise<{ rig: Rig; records: LogRecord[] }> {
  const rig = Rig.of({ policies: set });
  for (const { csr } of requests) {
    for (const ttl of wishes) {
      rig.clock.advance(61_234);
      await rig.ask(rig.request({ csr, wish: { ttl } }));
    }
  }
  return { rig, records: rig.log.records.filter(({ type }) => type === 'certificate.issued') };
}

const surroundings = ({ issuer }: Rig): Surroundings => ({
  trustDomain: 'cluster.local',
  trustDomainAliases: [],
  dialect: 'istiod',
  issuers: [issuer.facts],
});

describe.each(sets)('what was issued under %s', (_, set) => {
  it('A-4, P-45: is decided again alike, to the second, from its record and the set of its id', async () => {
    const { rig, records } = await recordedUnder(set);
    expect(records.length).toBeGreaterThan(10);
    for (const record of records) {
      expect(record.decision).toMatchObject({ policySetId: set.id });
      const { answer } = explain(questionIn(record, surroundings(rig)), set);
      if (answer instanceof Refusal) throw answer;
      expect(termsOf(answer)).toEqual(record.decision);
      expect(record.certificate).toMatchObject({
        identity: answer.identity,
        ttl: answer.ttl,
        notBefore: new Date(answer.notBefore * 1000).toISOString(),
        notAfter: new Date(answer.notAfter * 1000).toISOString(),
        ku: answer.keyUsage,
        eku: answer.extendedKeyUsage,
        issuer: { name: answer.issuer },
        key: { spkiSha256: answer.spkiSha256 },
      });
    }
  });

  it('A-4: has a certificateDer that says what the record says, field by field', async () => {
    const { records } = await recordedUnder(set);
    const issuer = readCertificate(intermediateOf('ec:P-256').certificate);
    for (const record of records) {
      const facts = factsOfDer(record);
      expect(record.certificate).toMatchObject(facts);
      const said = new Set(Object.keys(Object(record.certificate)));
      // The rest is no property of a certificate: how long it was to live, and by which template it was made.
      expect([...said].filter((name) => !(name in facts)).toSorted()).toEqual(['profile', 'ttl']);
      expect(record.certificate).toMatchObject({
        issuer: {
          name: 'mesh',
          keyId: Buffer.from(issuer.subjectKeyId ?? []).toString('hex'),
          certSha256: hash('sha256', issuer.der, 'hex'),
        },
      });
    }
  });
});

function termsOf(answer: Exclude<ReturnType<typeof explain>['answer'], Refusal>): Record<string, unknown> {
  const { policySetId, policy, priority, clamped, level } = answer;
  return {
    policySetId,
    policy,
    priority,
    mode: 'enforce',
    ...(clamped && { clamped: { ...clamped } }),
    ...(level !== undefined && { level }),
  };
}

describe('a decision that was made again', () => {
  it('P-45: comes out otherwise under another set, and for another time or serial', async () => {
    const set = sets[1]?.[1] ?? setOf({});
    const { rig, records } = await recordedUnder(set);
    const [record] = records;
    if (record === undefined) throw new Error('nothing was issued');
    const asked = questionIn(record, surroundings(rig));
    const answer = (question: typeof asked, under = set) => JSON.stringify(explain(question, under).answer);
    const again = answer(asked);
    expect(answer({ ...asked, now: asked.now + 1000 })).not.toBe(again);
    expect(answer({ ...asked, serial: asked.serial.map((octet) => octet ^ 0x15) })).not.toBe(again);
    expect(answer(asked, setOf({ spec: { key: keys } }))).not.toBe(again);
  });

  it('A-4: a certificate that is not the one of its record is told from it', async () => {
    const { records } = await recordedUnder(setOf({ spec: { key: keys } }));
    const [first, second] = records;
    if (first === undefined || second === undefined) throw new Error('nothing was issued');
    expect(first.certificate).not.toMatchObject(factsOfDer({ ...first, certificateDer: second.certificateDer }));
  });

  it('A-4: the certificate that was released is the one on the record', async () => {
    const rig = Rig.of();
    const end = await rig.ask();
    if (!('issued' in end)) throw end.refusal;
    expect(rig.log.records[0]?.certificateDer).toBe(
      Buffer.from(readPem(end.issued.facts.leaf, ['CERTIFICATE'])).toString('base64'),
    );
  });
});
