import { beforeAll, describe, expect, it } from 'vitest';
import type { Entry } from '#audit/entry.ts';
import type { Json } from '#audit/event.ts';
import { setOf } from '#test/policy/sidecar.ts';
import { replayed } from '#test/support/replayed.ts';
import { newRequest } from '#test/support/requests.ts';
import { announced, having } from './recorded-mesh.ts';

const keys = { allow: ['ec:P-256', 'ec:P-384', 'rsa:2048'] };
const validity = { default: '1h', min: '10m', max: '4h', above: 'clamp', below: 'clamp', jitter: '30m' };
const set = setOf({
  spec: {
    key: keys,
    validity,
    match: { namespaces: ['demo'] },
    identity: { patterns: ['spiffe://cluster.local/ns/demo/sa/*'] },
  },
});

let records: Entry[];
/** The one that is forged, and another. */
let victim: number;
let other: Entry;

beforeAll(async () => {
  const rig = await announced({ policies: set });
  for (const kind of ['ec:P-256', 'ec:P-384', 'rsa:2048'] as const) {
    const { csr } = await newRequest(kind);
    for (const ttl of [0n, -3n, 600n, 3600n, 7201n, 14_400n, 86_400n]) {
      rig.clock.advance(61_234);
      await rig.ask(rig.request({ csr, wish: { ttl } }));
    }
  }
  records = rig.log.records;
  victim = records.length - 4;
  other = records[4] ?? Object(undefined);
});

/** The log as it would be with this in the place of one record. */
const withForged = (change: (entry: Entry) => Entry): Entry[] =>
  records.map((entry, index) => (index === victim ? change(entry) : entry));

const later = (entry: Entry, member: 'notAfter' | 'notBefore', seconds: number): string =>
  new Date(Date.parse(String(Object(entry.certificate)[member])) + seconds * 1000).toISOString();

type Change = (entry: Entry) => Entry;
const put =
  (path: string, value: Json | undefined): Change =>
  (entry) =>
    having(entry, path, value);

const strange = 'spiffe://cluster.local/ns/payments/sa/bank';
const forgeries: readonly (readonly [name: string, rule: string, difference: string, change: Change])[] = [
  [
    'a lifetime past the policy',
    'time',
    'decided at',
    (e) => having(e, 'certificate.notAfter', later(e, 'notAfter', 86_400)),
  ],
  [
    'a lifetime past the policy, told as granted',
    'record',
    'certificate.notAfter',
    (e) =>
      having(
        having(e, 'certificate.notAfter', later(e, 'notAfter', 9_000)),
        'certificate.ttl',
        Number(Object(e.certificate).ttl) + 9_000,
      ),
  ],
  [
    'an earlier beginning',
    'record',
    'certificate.notBefore',
    (e) => having(e, 'certificate.notBefore', later(e, 'notBefore', -600)),
  ],
  [
    'another serial, which jitter is drawn from',
    'record',
    'certificate.not',
    put('certificate.serial', `${'4a'.repeat(19)}07`),
  ],
  ['another name', 'record', 'certificate.sans', put('certificate.sans', [strange])],
  ['another identity', 'record', 'certificate.identity', put('certificate.identity', strange)],
  ['another key', 'record', 'certificate.key.spkiSha256', put('certificate.key.spkiSha256', 'ab'.repeat(32))],
  ['a key that no policy lets in', 'decision', 'key.not-allowed', put('asked.key.kind', 'rsa:1024')],
  [
    'a use that was not permitted',
    'record',
    'certificate.ku',
    put('certificate.ku', ['digitalSignature', 'keyCertSign']),
  ],
  [
    'a purpose that was not permitted',
    'record',
    'certificate.eku',
    put('certificate.eku', ['serverAuth', 'codeSigning']),
  ],
  [
    'a policy set that was never loaded',
    'policy-set',
    'never told of policy set',
    put('decision.policySetId', 'cd'.repeat(32)),
  ],
  ['another policy', 'decision', 'decision.policy', put('decision.policy', 'generous')],
  ['a priority that it has not', 'decision', 'decision.priority', put('decision.priority', 7)],
  ['a level that nobody demanded', 'decision', 'decision.level', put('decision.level', 'fips')],
  ['a clamp that never was', 'decision', 'decision.clamped', put('decision.clamped', { from: 1, to: 2 })],
  ['a caller of another namespace', 'decision', 'policy.no-match', put('caller.identity', strange)],
  [
    'a caller of the same namespace',
    'record',
    'certificate.identity',
    put('caller.identity', 'spiffe://cluster.local/ns/demo/sa/bank'),
  ],
  [
    'a caller of another trust domain',
    'decision',
    'identity.trust-domain',
    put('caller.identity', 'spiffe://other.example/ns/demo/sa/web'),
  ],
  ['a caller that proved nothing', 'caller', 'nobody proved', put('caller.authenticator', 'trust-me')],
  [
    'a token of somebody else',
    'caller',
    'the token is of payments/bank',
    (e) =>
      having(
        having(e, 'caller.authenticator', 'k8s-token'),
        'caller.credential.subject',
        'system:serviceaccount:payments:bank',
      ),
  ],
  ['an impersonation that nobody allowed', 'decision', 'authn.impersonation', put('asked.impersonate', strange)],
  ['another certificate', 'certificate', 'its sha256', (e) => having(e, 'certificateDer', other.certificateDer)],
  [
    'another certificate, with its hash',
    'certificate',
    'its tbsSha256',
    (e) =>
      having(having(e, 'certificateDer', other.certificateDer), 'certificate.sha256', Object(other.certificate).sha256),
  ],
  [
    'all of another certificate',
    'time',
    'decided at',
    (e) => ({ ...e, certificate: other.certificate, certificateDer: other.certificateDer }),
  ],
  [
    'an issuer that was never installed',
    'issuer',
    'never told of issuer',
    put('certificate.issuer.certSha256', 'ef'.repeat(32)),
  ],
  ['an issuer of another name', 'issuer', 'never told of issuer', put('certificate.issuer.name', 'spare')],
  ['a door for what is not asked for', 'kind', 'nobody here issues', put('door', 'internal')],
  ['no decision at all', 'kind', 'nobody here issues', put('decision', undefined)],
  [
    'a server that was never configured',
    'configuration',
    'how the server was configured',
    put('instance', { name: 'another' }),
  ],
  ['a day on which nobody asked', 'time', 'recorded at', put('time', '2026-11-23T12:00:00.000Z')],
  ['octets that are no certificate', 'certificate', 'cannot be read', put('certificateDer', 'AAAA')],
  ['no certificate, and a kind that nobody issues', 'kind', 'of kind "root"', (e) => having(e, 'asked.kind', 'root')],
];

describe('a log in which nothing was issued outside policy', () => {
  it('A-38: fits, to the last certificate', () => {
    expect(replayed(records)).toEqual({ findings: [], kinds: { workload: 21 } });
  });

  it('A-38: is walked without a record being changed', () => {
    const before = JSON.stringify(records);
    replayed(records);
    expect(JSON.stringify(records)).toBe(before);
  });

  it.each(forgeries)(
    'A-38: with %s in one record does not fit there, and only there',
    (_, rule, difference, change) => {
      const log = withForged(change);
      expect(log[victim]).not.toEqual(records[victim]);
      const { findings } = replayed(log);
      expect(findings).toEqual([{ index: victim, rule, difference: expect.stringContaining(difference) }]);
    },
  );

  it('A-38: vouches by an intent for the one certificate that was intended, and for no other of the same key', () => {
    const [another, key] = ['ef'.repeat(32), { spkiSha256: 'ab'.repeat(32) }];
    const intended = { tbsSha256: 'cd'.repeat(32), key };
    const about = (type: Entry['type'], certificate: Json): Entry => ({
      ...{ v: 1, seq: records.length, time: '2026-11-21T12:00:00.000Z', id: '0193b5c0-0000-7000-a000-000000000001' },
      ...{ type, outcome: 'success', door: 'internal', certificate },
    });
    const issued = (tbsSha256: string) => about('certificate.issued', { profile: 'intermediate-v1', tbsSha256, key });
    const intent = about('certificate.intended', intended);
    const finding = { index: records.length, rule: 'kind', difference: expect.stringContaining('without an intent') };
    const { tbsSha256 } = intended;
    expect(replayed([...records, intent, issued(tbsSha256)]).findings).toEqual([]);
    expect(replayed([...records, intent, issued(tbsSha256), issued(another)]).findings).toEqual([finding]);
    expect(replayed([...records, intent, issued(another), issued(tbsSha256)]).findings).toEqual([finding]);
  });

  it('A-38: told of a policy otherwise than it was does not fit wherever that decided', () => {
    const text = JSON.stringify(records.map((each) => each)).replaceAll('"max":"4h"', '"max":"40h"');
    const log: Entry[] = JSON.parse(text);
    const { findings } = replayed(log);
    expect(findings).toHaveLength(21);
    for (const { rule } of findings) expect(rule).toBe('policy-set');
  });
});
