import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { QuestionName } from '#audit/questions/catalogue.ts';
import { questionNames } from '#audit/questions/catalogue.ts';
import { policyText } from '#test/policy/sidecar.ts';
import { entryAt, issuedContent, octetsOf } from '#test/support/day/entries.ts';
import { publish, writeHome } from '#test/support/day/home.ts';
import { issuers } from '#test/support/day/issuers.ts';
import { keyOf } from '#test/support/day/keys.ts';
import {
  day,
  denied,
  events,
  type IssuedPlan,
  issued,
  notAfter,
  notBefore,
  now,
  policiesLoaded,
  revoked,
  serialOf,
  timeOf,
} from '#test/support/day/plan.ts';
import { toPem } from '#x509/pem.ts';
import { parsed, scratch } from './run-cli.ts';
import { here } from './run-here.ts';

const home = join(scratch(), 'home');
let entries: readonly Uint8Array[];

beforeAll(async () => {
  entries = Array.from({ length: events }, (_, n) => entryAt(n));
  await writeHome(home, entries);
  vi.useFakeTimers({ toFake: ['Date'], now });
}, 60_000);
afterAll(() => vi.useRealTimers());

const audit = (...words: readonly string[]) => here(['audit', ...words, '--home', home]);
const rfc3339 = (ms: number) => new Date(ms).toISOString();

const revokedAt = new Map(revoked.map(({ n, of }) => [of, timeOf(n)]));
const holdsAt = (moment: number) => (plan: IssuedPlan) =>
  notBefore(plan) * 1_000 <= moment &&
  moment < notAfter(plan) * 1_000 &&
  (revokedAt.get(plan.n) ?? Number.POSITIVE_INFINITY) > moment;
const live = issued.filter(holdsAt(now));
/** The issuance that most of the questions are about, and a moment at which it held. */
const web = issued[20_011] ?? Object(undefined);
const then = timeOf(web.n) + 60_000;
const accountOf = ({ namespace, account }: { namespace: string; account: string }) => `${namespace}/${account}`;
const firstOfKey = new Map(issued.toReversed().map((plan) => [plan.key, plan]));
const firstOf = (plan: IssuedPlan) => firstOfKey.get(plan.key) ?? plan;
const newestOf = new Map<string, IssuedPlan>();
for (const plan of issued) {
  const other = newestOf.get(plan.identity);
  if (other === undefined || notAfter(plan) >= notAfter(other)) newestOf.set(plan.identity, plan);
}
const isDue = (plan: IssuedPlan) =>
  newestOf.get(plan.identity) === plan &&
  now >= notBefore(plan) * 1_000 + ((notAfter(plan) - notBefore(plan)) * 2_000) / 3 &&
  notAfter(plan) * 1_000 <= now + 86_400_000;
const ofType = (...types: readonly string[]) =>
  day.filter((each) => each.what === 'other' && types.includes(each.type));
const since = now - 10 * 3_600_000;

/** Question, options, and what the plan says: the records, newest first. */
const asked: readonly (readonly [QuestionName, readonly string[], readonly { readonly n: number }[]])[] = [
  [
    'held',
    ['--identity', web.identity, '--at', rfc3339(then)],
    issued.filter((plan) => plan.identity === web.identity && holdsAt(then)(plan)),
  ],
  ['live', ['--namespace', 'ns-2'], live.filter(({ namespace }) => namespace === 'ns-2')],
  [
    'account',
    ['--service-account', 'ns-2/sa-3'],
    [...issued, ...denied].filter((plan) => accountOf(plan) === 'ns-2/sa-3'),
  ],
  ['from-node', ['--node', web.node], issued.filter(({ node }) => node === web.node)],
  ['impersonated', [], issued.filter(({ byZtunnel }) => byZtunnel)],
  ['logged', ['--serial', serialOf(web.n)], [web]],
  ['live-keys', ['--key-kind', 'ed25519'], live.filter(({ key }) => keyOf(key).kind === 'ed25519')],
  ['expiring', [], live.filter(isDue)],
  ['mismatch', [], denied.filter(({ reason }) => reason === 'identity.mismatch' || reason === 'authn.impersonation')],
  ['shared-keys', [], issued.filter((plan) => firstOf(plan).identity !== plan.identity)],
  [
    'old-keys',
    ['--older-than', '1d', '--node', web.node],
    live.filter((plan) => plan.node === web.node && now - timeOf(firstOf(plan).n) >= 86_400_000),
  ],
  ['key', ['--key', keyOf(web.key).spkiSha256], [...issued, ...denied].filter(({ key }) => key === web.key)],
  [
    'signed-by',
    ['--issuer', issuers.spare.keyId, '--since', rfc3339(since)],
    issued.filter(({ issuer, n }) => issuer === 'spare' && timeOf(n) >= since),
  ],
  ['policy-changes', [], day.filter(({ n }) => policiesLoaded(n))],
  ['policy-of', ['--serial', serialOf(web.n)], [web]],
  [
    'interruptions',
    [],
    ofType('log.opened', 'service.started', 'service.degraded', 'log.checkpoint-failed', 'hsm.lost', 'hsm.recovered'),
  ],
  ['authorities', [], ofType('key.generated', 'ceremony.step', 'issuer.installed')],
  ['revocations', [], revoked],
  ['token', ['--token', web.token], [...issued, ...denied].filter(({ token }) => token === web.token)],
  ['looks', [], ofType('admin.login', 'admin.action', 'admin.denied')],
  ['records', ['--since', rfc3339(now - 1_900_000)], day.filter(({ n }) => timeOf(n) >= now - 1_900_000)],
];

interface Row {
  readonly index: number;
  readonly related?: { readonly index: number; readonly afterMs: number };
}

async function rows(name: string, options: readonly string[]): Promise<readonly Row[]> {
  const { code, stdout, stderr } = await audit('ask', name, ...options, '--limit', '1000', '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const answer: { size: number; records: readonly Row[] } = JSON.parse(stdout);
  expect(answer.size).toBe(events);
  return answer.records;
}

describe('every question of a day of 50,000 events', () => {
  it.each(asked)('A-37: %s, with %j', async (name, options, expected) => {
    const right = expected.map(({ n }) => n).toSorted((a, b) => b - a);
    expect(right.length).toBeGreaterThan(0);
    expect(right.length).toBeLessThan(1_000);
    expect((await rows(name, options)).map(({ index }) => index)).toEqual(right);
  });

  it('A-37: policy-of, shared-keys and revocations name the record that belongs to each', async () => {
    const [policy] = await rows('policy-of', ['--serial', serialOf(web.n)]);
    expect(policy?.related?.index).toBe(day.findLast(({ n }) => policiesLoaded(n) && n < web.n)?.n);
    for (const { index, related } of await rows('shared-keys', []))
      expect(related?.index).toBe(firstOf(issued.find(({ n }) => n === index) ?? web).n);
    const ofMesh = new Set(revoked.filter(({ of }) => Object(day[of]).issuer === 'mesh').map(({ n }) => n));
    for (const { index, related } of await rows('revocations', []))
      expect(related).toEqual(
        ofMesh.has(index) ? { what: 'crl-published', index: index + 2, afterMs: timeOf(2) - timeOf(0) } : undefined,
      );
  });

  it('A-37: most-refused counts what was aggregated as often as it happened', async () => {
    const groups = new Map<string, { count: number; index: number }>();
    for (const { identity, reason, count, n } of denied) {
      const before = groups.get(`${identity} ${reason}`)?.count ?? 0;
      groups.set(`${identity} ${reason}`, { count: before + count, index: n });
    }
    const right = [...groups.values()].toSorted((a, b) => b.count - a.count || b.index - a.index);
    const answer = parsed(await audit('ask', 'most-refused', '--limit', '1000', '--json'));
    expect(answer.groups).toMatchObject(right);
  });

  it('A-37: keys and their levels have the shares that they have', async () => {
    const groups = Map.groupBy(issued, ({ key, policy }) => `${keyOf(key).kind} ${policy === 'pay' ? 'fips' : '-'}`);
    const right = [...groups].map(([words, plans]) => ({ words, count: plans.length, index: plans.at(-1)?.n }));
    const answer = parsed(await audit('ask', 'keys', '--json'));
    const found = Array.isArray(answer.groups) ? answer.groups : [];
    expect(
      found.map(({ words, count, index }) => ({ words: `${words.key} ${words.level ?? '-'}`, count, index })),
    ).toEqual(right.toSorted((a, b) => b.count - a.count));
  });

  it('A-37: rate tells of each minute how many came', async () => {
    const answer = parsed(await audit('ask', 'rate', '--since', rfc3339(now - 3_600_000), '--json'));
    const minute = (n: number) => Math.floor(timeOf(n) / 60_000);
    const ends = [...issued.map(({ n }) => ({ n, count: 1 })), ...denied];
    const byMinute = Map.groupBy(ends, ({ n }) => minute(n));
    const found = Array.isArray(answer.rates) ? answer.rates : [];
    expect(found).toHaveLength(61);
    for (const { start, count } of found) {
      const right = (byMinute.get(Date.parse(start) / 60_000) ?? []).reduce((sum, each) => sum + each.count, 0);
      expect({ start, count }).toEqual({ start, count: right });
    }
  });

  it('A-37: verify, check and prove speak of the whole of it', async () => {
    expect(parsed(await audit('verify', join(home, 'audit', 'log'), '--json'))).toMatchObject({
      verified: true,
      size: events,
    });
    const record = JSON.parse(Buffer.from(entries[web.n] ?? []).toString());
    const file = join(home, 'web.pem');
    writeFileSync(file, toPem('CERTIFICATE', Buffer.from(record.certificateDer, 'base64')));
    expect(parsed(await audit('check', file, '--json'))).toMatchObject({ logged: true, index: web.n, proven: true });
    expect((await audit('prove', file)).stdout).toContain(`index ${web.n}\n`);
    const other = join(home, 'other.pem');
    writeFileSync(other, toPem('CERTIFICATE', issuers.mesh.certificate.der));
    expect(await audit('check', other)).toMatchObject({ code: 1, stdout: expect.stringContaining('not in the log') });
  });

  it('A-37: none is left out', () => {
    const here = [...asked.map(([name]) => name), 'most-refused', 'keys', 'rate'];
    expect(new Set(here)).toEqual(new Set(questionNames));
  });
});

describe('audit replay of that day', () => {
  const shown = async (...words: readonly string[]) => {
    const ran = await audit('replay', ...words, '--json');
    return { code: ran.code, ...parsed(ran) };
  };

  it('A-38: nothing was issued outside policy', async () => {
    const { code, fits, size, kinds, findings } = {
      fits: undefined,
      size: 0,
      kinds: {},
      findings: [],
      ...(await shown()),
    };
    expect({ code, fits, size, findings }).toEqual({ code: 0, fits: true, size: events, findings: [] });
    expect(kinds).toMatchObject({ workload: { count: issued.length } });
  });

  it('A-38: one certificate that policy would have refused, signed by the issuer and under the key of the log, is named, and no other', async () => {
    const at = web.n;
    const bank = { ...web, identity: 'spiffe://cluster.local/ns/pay-7/sa/bank', namespace: 'pay-7', ttl: 86_400 };
    const log = join(scratch(), 'log');
    await publish(log, [...entries.slice(0, at), octetsOf(at, issuedContent(bank)), ...entries.slice(at + 1)]);
    // the rest of the day is known to fit
    const period = ['--since', rfc3339(then - 3_600_000), '--until', rfc3339(then + 3_600_000)];
    const found = await shown('--log', log, ...period);
    expect(found).toMatchObject({ code: 1, fits: false, size: events, count: 1 });
    expect(found).toMatchObject({ findings: [{ index: at, rule: 'decision' }] });
  });

  it('A-37: of what holds now it says what other policies would refuse', async () => {
    const file = join(home, 'stricter.yaml');
    writeFileSync(
      file,
      policyText({ name: 'strict', spec: { key: { allow: ['ec:P-256'] }, validity: { default: '48h', max: '48h' } } }),
    );
    const { code, live: count, refused } = { live: 0, refused: [], ...(await shown('--policies', file)) };
    const right = live.filter(({ key }) => keyOf(key).kind !== 'ec:P-256').map(({ n }) => n);
    expect({ code, indexes: refused.map(({ index }: Row) => index) }).toEqual({ code: 1, indexes: right });
    expect(count).toBeGreaterThanOrEqual(live.length);
  });

  it('A-38: nothing is said of a log that is not whole', async () => {
    const log = join(scratch(), 'log');
    await publish(log, entries.slice(0, 256));
    const bundle = join(log, 'tile', 'entries', '000');
    writeFileSync(bundle, readFileSync(bundle, 'latin1').replace('"ttl":3600', '"ttl":3601'), 'latin1');
    const { code, stdout, stderr } = await audit('replay', '--log', log);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/is not verified: .*tile\/entries\/000/);
  });
});
