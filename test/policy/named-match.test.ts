import { describe, expect, it } from 'vitest';
import { runPolicyTests } from '#policy/cases.ts';
import { evaluate } from '#policy/decide.ts';
import { explain } from '#policy/explain.ts';
import { Refusal } from '#refusal/refusal.ts';
import { named, under, verdict, withCsr } from './named.ts';
import { deny, noon, question, setOf } from './sidecar.ts';

const anyName = {
  sans: { dns: { mode: 'optional', patterns: ['*'] } },
  subject: { mode: 'optional', commonNames: ['*'] },
};
const web = (given: Parameters<typeof named>[0] = {}) => named({ dns: ['web.shop.example'], ...given });
const ca = () => named({ kind: 'ca', commonName: 'Shop CA' });

describe('the kind of certificate that a policy is about', () => {
  it.each([
    ['nothing', undefined, ['allowed', 'policy.no-match', 'policy.no-match']],
    ['SVIDs', { kinds: ['svid'] }, ['allowed', 'policy.no-match', 'policy.no-match']],
    ['end entities', { kinds: ['end-entity'] }, ['policy.no-match', 'allowed', 'policy.no-match']],
    ['CAs', { kinds: ['ca'] }, ['policy.no-match', 'policy.no-match', 'allowed']],
    ['both of these', { kinds: ['ca', 'end-entity'] }, ['policy.no-match', 'allowed', 'allowed']],
  ])('an allow policy that says %s decides on those alone', (_, match, wanted) => {
    const spec = match === undefined || match.kinds.includes('svid') ? {} : anyName;
    const set = setOf({ spec: { ...spec, validity: { default: '1h', max: '1h' }, ...(match && { match }) } });
    expect([question(), web(), ca()].map((asked) => verdict(asked, set))).toEqual(wanted);
  });

  it.each([
    ['nothing', undefined, ['policy.denied', 'policy.denied', 'policy.denied']],
    ['SVIDs', { kinds: ['svid'] }, ['policy.denied', 'allowed', 'allowed']],
    ['CAs', { kinds: ['ca'] }, ['allowed', 'allowed', 'policy.denied']],
  ])('a deny policy that says %s denies those', (_, match, wanted) => {
    const validity = { default: '1h', max: '1h' };
    const set = setOf(
      { name: 'workloads', spec: { validity } },
      { name: 'named', spec: { priority: 90, validity, match: { kinds: ['ca', 'end-entity'] }, ...anyName } },
      { name: 'no', spec: deny({ priority: 1, ...(match && { match }) }) },
    );
    expect([question(), web(), ca()].map((asked) => verdict(asked, set))).toEqual(wanted);
  });

  it('a policy for workloads in front, or behind, neither refuses nor rescues a named certificate', () => {
    const workloads = { name: 'workloads', spec: { priority: 200 } };
    const hosts = {
      name: 'hosts',
      spec: { match: { kinds: ['end-entity'] }, sans: { dns: { mode: 'required', patterns: ['*.shop.example'] } } },
    };
    const set = setOf(workloads, hosts, { name: 'rest', spec: { priority: 1 } });
    expect(evaluate(web(), set)).toMatchObject({ policy: 'hosts', kind: 'end-entity' });
    expect(verdict(named({ dns: ['bank.example'] }), set)).toBe('san.forbidden');
    expect(evaluate(question(), set)).toMatchObject({ policy: 'workloads', kind: 'svid' });
  });
});

describe('who asks, and of whom', () => {
  const controller = 'system:serviceaccount:cert-manager:cert-manager';
  const asker = { user: controller, groups: ['system:serviceaccounts', 'system:serviceaccounts:cert-manager'] };

  it.each([
    ['users', [controller], asker, true],
    ['users', ['system:serviceaccount:*:cert-manager'], asker, true],
    ['users', ['system:serviceaccount:cert-manager'], asker, false],
    ['users', ['*'], {}, false],
    ['groups', ['system:serviceaccounts:cert-manager'], asker, true],
    ['groups', ['system:serviceaccounts:shop', '*:cert-manager'], asker, true],
    ['groups', ['system:masters'], asker, false],
    ['groups', ['*'], { user: 'alice' }, false],
    ['groups', ['*'], {}, false],
    ['groups', ['shop'], { groups: ['shop'] }, true],
    ['issuerRefs', ['clusterissuers/mesh'], { issuerRef: 'clusterissuers/mesh' }, true],
    ['issuerRefs', ['clusterissuers/*'], { issuerRef: 'clusterissuers/mesh' }, true],
    ['issuerRefs', ['clusterissuers/mesh'], { issuerRef: 'issuers/shop/mesh' }, false],
    ['issuerRefs', ['issuers/shop/*'], { issuerRef: 'issuers/shop/gateway' }, true],
    ['issuerRefs', ['issuers/*/gateway'], { issuerRef: 'issuers/shop/gateway' }, true],
    ['issuerRefs', ['issuers/shop/*'], { issuerRef: 'issuers/bank/gateway' }, false],
    ['issuerRefs', ['issuers/*/gateway'], { issuerRef: 'issuers/shop/x/gateway' }, false],
    ['issuerRefs', ['issuers/*/*'], {}, false],
  ])('%s %j are for %j: %s', (key, patterns, given, fits) => {
    const set = under(anyName, { kinds: ['end-entity'], [key]: patterns });
    expect(verdict(web(given), set)).toBe(fits ? 'allowed' : 'policy.no-match');
  });

  it('the door, the namespace and the account count as ever', () => {
    const match = {
      kinds: ['end-entity'],
      doors: ['cert-manager'],
      namespaces: ['shop'],
      serviceAccounts: ['cert-manager'],
    };
    expect(verdict(web(), under(anyName, match))).toBe('allowed');
    for (const other of [{ door: 'kubernetes-csr' }, { namespace: 'bank' }, { serviceAccount: 'default' }] as const)
      expect(verdict(web(other), under(anyName, match))).toBe('policy.no-match');
  });
});

describe('an explanation of a named certificate', () => {
  const set = setOf(
    { name: 'workloads', spec: { priority: 200 } },
    {
      name: 'cas',
      spec: {
        priority: 150,
        match: { kinds: ['ca'] },
        subject: { mode: 'required', commonNames: ['Shop*'] },
        certificate: { pathLength: 1 },
      },
    },
    { name: 'hosts', spec: { match: { kinds: ['end-entity'], users: ['c*'] }, ...anyName } },
  );
  const steps = (asked: ReturnType<typeof named>) =>
    explain(asked, set).steps.map(({ policy = '', check, ok, detail }) =>
      `${policy} ${check} ${ok ? '' : 'NOT '}${detail}`.trim(),
    );

  it('lists what was looked at, in order, with what was found', () => {
    expect(steps(web({ user: 'c' })).slice(5)).toEqual([
      'no CA powers the CSR asks for no key usage or extension of a CA',
      'names in the CSR they are what the certificate names',
      'issuer is valid default, until 2036-11-18T12:00:00.000Z',
      'workloads match not for this request: kind of certificate is end-entity, it wants svid',
      'cas match not for this request: kind of certificate is end-entity, it wants ca',
      'hosts match it is for this request, and decides',
      'hosts key type ec:P-256 is one of ec:P-256, rsa:2048',
      'hosts challenge password nothing that is refused',
      'hosts CSR attributes nothing that is refused',
      'hosts subject empty',
      'hosts common name none',
      'hosts dns names web.shop.example',
      'hosts ip names none',
      'hosts email names none',
      'hosts uri names none',
      'hosts other names none',
      'hosts usages digitalSignature, keyEncipherment',
      'hosts path length of no CA',
      'hosts name constraints none',
      'hosts TLS feature none',
      'hosts signature hash ecdsa-sha256',
      'hosts lifetime 1h, until 2026-11-21T12:59:59.000Z',
    ]);
  });

  it('ends at what refused, with the sentence of the refusal', () => {
    const asked = [
      web({ user: 'c', ips: ['10.0.0.1'] }),
      web(),
      named({ kind: 'ca', commonName: 'Bank CA' }),
      named({ kind: 'ca', commonName: 'Shop CA', issuer: { pathLength: 1 } }),
      withCsr(web(), { basicConstraints: { ca: true } }),
    ];
    for (const each of asked) {
      const { answer, steps: taken } = explain(each, set);
      if (!(answer instanceof Refusal)) throw new Error('it was permitted');
      expect(taken.filter(({ ok }) => !ok)).toEqual([taken.at(-1)]);
      expect(taken.at(-1)?.detail).toBe(answer.message);
    }
    expect(asked.map((each) => steps(each).at(-1))).toEqual([
      'hosts ip names NOT the ip name "10.0.0.1" is of a kind that the policy does not give',
      expect.stringMatching(/^match NOT no policy is for this request/),
      'cas common name NOT the common name "Bank CA" is not one of Shop*',
      'cas path length NOT issuer "default" has path length 1, and so may sign no CA of path length 1',
      'names in the CSR NOT the CSR asks for a CA certificate, the request for the certificate of an end entity',
    ]);
  });

  it('names a CA, and the room below its issuer', () => {
    expect(steps(named({ kind: 'ca', commonName: 'Shop CA', issuer: { pathLength: 2 } }))).toEqual(
      expect.arrayContaining([
        'no CA powers a CA is what is asked for',
        'cas path length 1 under 2',
        'cas common name Shop CA',
      ]),
    );
  });
});

describe('the cases beside the rules', () => {
  const outcome = (given: object, expected: object) => {
    const tests = [{ name: 'x', given: { key: 'ec:P-256', ...given }, expect: expected }];
    const match = { kinds: ['end-entity', 'ca'], groups: ['shop'] };
    const names = { dns: { mode: 'optional', patterns: ['*'] }, other: { mode: 'optional', patterns: ['1.2.3'] } };
    const spec = {
      match,
      subject: { mode: 'optional', commonNames: ['*'], organizations: ['Shop'] },
      sans: names,
      certificate: { extendedKeyUsage: ['serverAuth'] },
      tests,
    };
    return runPolicyTests(setOf({ spec }), noon).map((result) => result.outcome)[0];
  };
  const host = { kind: 'end-entity', dns: ['web.shop.example'], groups: ['shop'] };

  it.each([
    ['a name', host, 'allow, ttl 1h, by plain'],
    [
      'usages',
      { ...host, keyUsage: ['digitalSignature'], extendedKeyUsage: ['serverAuth'] },
      'allow, ttl 1h, by plain',
    ],
    ['a usage beyond', { ...host, extendedKeyUsage: ['clientAuth'] }, 'deny, csr.extension'],
    ['an organization', { ...host, organization: 'Shop' }, 'allow, ttl 1h, by plain'],
    ['another organization', { ...host, organization: 'Bank' }, 'deny, csr.subject'],
    ['otherNames', { ...host, others: ['1.2.3', '1.2.4'] }, 'deny, san.forbidden'],
    ['no names', { kind: 'end-entity', groups: ['shop'] }, 'deny, csr.san'],
    ['a CA', { kind: 'ca', commonName: 'Shop CA', groups: ['shop'] }, 'allow, ttl 1h, by plain'],
    [
      'a CA below one that may have none',
      { kind: 'ca', commonName: 'x', groups: ['shop'], issuer: { pathLength: 0 } },
      'deny, policy.error',
    ],
    ['another group', { ...host, groups: ['bank'] }, 'deny, policy.no-match'],
    ['a lifetime over the most, which is cut', { ...host, ttl: '90d' }, 'allow, ttl 4h, by plain'],
    ['no kind, which is an SVID', { groups: ['shop'] }, 'deny, policy.no-match'],
  ])('P-39: may speak of %s', (_, given, wanted) => expect(outcome(given, { decision: 'allow' })).toBe(wanted));
});
