import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DocumentError } from '#document/problem.ts';
import { runPolicyTests } from '#policy/cases.ts';
import { loadPolicySet, provenPolicySet } from '#policy/load.ts';
import { policySet } from '#policy/set.ts';
import { deny, noon, policyText, setOf } from './sidecar.ts';

const head = `apiVersion: countersign.dev/v1
kind: IssuancePolicy
metadata: { name: plain }
spec:
  priority: 100
  effect: allow
  key: { allow: [ec:P-256] }
  validity: { default: 1h, max: 4h }
`;

/** What loading says of one file `p.yaml`. */
function complaint(text: string, now = noon): string {
  try {
    provenPolicySet([{ file: 'p.yaml', text }], now);
  } catch (thrown) {
    if (thrown instanceof DocumentError) return thrown.message;
    throw thrown;
  }
  return 'loaded';
}

const mistyped: readonly [why: string, from: string, to: string, message: string][] = [
  [
    'an unknown key',
    'priority:',
    'prioirty:',
    'p.yaml:5:3: spec.prioirty: there is no "prioirty" here (did you mean "priority"?)',
  ],
  ['a wrong type', 'priority: 100', 'priority: high', 'p.yaml:5:13: spec.priority: "high" is not a whole number'],
  [
    'an unknown word',
    'effect: allow',
    'effect: alow',
    'p.yaml:6:11: spec.effect: "alow" is not one of: allow, deny (did you mean "allow"?)',
  ],
  [
    'an unknown key type',
    '[ec:P-256]',
    '[ec:P-224]',
    'p.yaml:7:18: spec.key.allow[0]: "ec:P-224" is not one of: ec:P-256, ',
  ],
  ['an RSA size below the floor', '[ec:P-256]', '[rsa:1024]', 'spec.key.allow[0]: "rsa:1024" is not one of'],
  [
    'a wrong form of time',
    'max: 4h',
    'max: 4 hours',
    'p.yaml:8:33: spec.validity.max: "4 hours" is not a length of time',
  ],
  [
    'a name that is too free',
    'name: plain',
    'name: Plain_1',
    'p.yaml:3:19: metadata.name: "Plain_1" is not a short name',
  ],
  [
    'another version of the format',
    'v1',
    'v2',
    'p.yaml:1:13: apiVersion: "countersign.dev/v2" is not "countersign.dev/v1"',
  ],
  [
    'an alias',
    'key: { allow: [ec:P-256] }',
    'key: { allow: &k [ec:P-256] }\n  sans: *k',
    'p.yaml:8:9: aliases are not used here',
  ],
  [
    'an unknown tag',
    'priority: 100',
    'priority: !int 100',
    'p.yaml:5:13: tags are not used here: put the value in quotes where it begins with !',
  ],
  ['a duplicate key', 'effect: allow', 'effect: allow\n  effect: deny', 'p.yaml:7:3: this key is already given above'],
  [
    'an expiry in the past',
    'effect: allow',
    'effect: allow\n  expires: 2026-11-20',
    'p.yaml:7:12: spec.expires: the policy expired on 2026-11-20',
  ],
  ['an expiry that is no day', 'effect: allow', 'effect: allow\n  expires: 2027-02-31', 'is not a day of the calendar'],
];

const contradictory: readonly [why: string, from: string, to: string, message: string][] = [
  ['a default above max', 'default: 1h', 'default: 5h', 'spec.validity.default: must lie between'],
  ['a max below min', 'max: 4h', 'max: 4h, min: 5h', 'spec.validity.max: is below the minimum'],
  ['a min that sends ztunnel into a storm', 'max: 4h', 'max: 4h, min: 4m', 'spec.validity.min: must be at least 241s'],
  ['a jitter wider than the room for it', 'max: 4h', 'max: 4h, jitter: 5h', 'spec.validity.jitter: is longer than'],
  ['a notBefore days ago', 'max: 4h', 'max: 4h, backdate: 2d', 'spec.validity.backdate: notBefore may lie at most 1d'],
  ['an allow policy without keys', '  key: { allow: [ec:P-256] }\n', '', 'needs "key.allow" or "require.profile"'],
  [
    'an allow policy without lifetimes',
    '  validity: { default: 1h, max: 4h }\n',
    '',
    'an allow policy needs "validity"',
  ],
  [
    'a deny policy with constraints',
    'effect: allow',
    'effect: deny',
    'p.yaml:7:3: spec.key: a deny policy has only match, message and tests',
  ],
  [
    'a message nobody would see',
    'effect: allow',
    'effect: allow\n  message: hello',
    'spec.message: only a deny policy has a message',
  ],
  [
    'a pattern that no SPIFFE ID can match',
    'effect: allow',
    'effect: allow\n  identity: { patterns: ["spiffe://td//*"] }',
    'spec.identity.patterns[0]: can match nothing',
  ],
  [
    'a pattern in an upper-case trust domain',
    'effect: allow',
    'effect: allow\n  identity: { patterns: ["spiffe://TD/*"] }',
    'spec.identity.patterns[0]: can match nothing',
  ],
  [
    'a key outside the required profile',
    'effect: allow',
    'effect: allow\n  require: { profile: cnsa-1 }',
    'p.yaml:8:18: spec.key.allow[0]: ec:P-256 is not in profile cnsa-1',
  ],
  [
    'one purpose alone',
    'effect: allow',
    'effect: allow\n  certificate: { extendedKeyUsage: [clientAuth] }',
    'serverAuth and clientAuth stand together',
  ],
  ['a rate of nobody', 'effect: allow', 'effect: allow\n  rate: {}', 'spec.rate: say of whom: total, perNamespace'],
  [
    'a rate over a year',
    'effect: allow',
    'effect: allow\n  rate: { total: { burst: 1, per: 365d } }',
    'spec.rate.total.per: is between 1s and 30d',
  ],
  [
    'a number of live certificates',
    'effect: allow',
    'effect: allow\n  rate: { liveCerts: 200 }',
    'there is no "liveCerts" here',
  ],
  [
    'certificates without bound',
    'effect: allow',
    'effect: allow\n  certificate: { maxSize: 1MiB }',
    'no certificate is larger than 16KiB',
  ],
];

const reserved: readonly [key: string, line: string, message: string][] = [
  ['mode dryRun', 'mode: dryRun', 'spec.mode: comes with dry runs; not available in this version'],
  ['match.when', "match: { when: 'true' }", 'spec.match.when: comes with CEL expressions'],
  ['rules', 'rules: [{ rule: "true", message: x }]', 'spec.rules: comes with CEL expressions'],
  ['certificate.extensions', 'certificate: { extensions: { add: [] } }', 'spec.certificate.extensions: comes with'],
  ['require.fips provider', 'require: { fips: provider }', 'spec.require.fips: comes with the FIPS provider'],
  [
    'sans.dns required',
    'sans: { dns: { mode: required } }',
    'spec.sans.dns.mode: is for certificates that name what their request names',
  ],
  [
    'identity.equalsCaller false',
    'identity: { equalsCaller: false }',
    'spec.identity.equalsCaller: the identity in a certificate is always',
  ],
];

describe('a policy file', () => {
  it('is loaded when nothing is wrong with it', () => expect(complaint(head)).toBe('loaded'));

  it.each(mistyped)('P-38: %s is a load error with file, line and column', (_, from, to, message) => {
    expect(complaint(head.replace(from, to))).toContain(message);
  });

  it.each(contradictory)('is refused for %s', (_, from, to, message) => {
    expect(complaint(head.replace(from, to))).toContain(message);
  });

  it.each(reserved)('that uses %s, whose time has not come, is refused rather than half obeyed', (_, line, message) => {
    expect(complaint(head.replace('effect: allow', `effect: allow\n  ${line}`))).toContain(message);
  });

  it.each(['reuse: same-identity', 'maxAge: 24h'])('that sets key.%s is refused rather than half obeyed', (setting) => {
    expect(complaint(head.replace('[ec:P-256]', `[ec:P-256], ${setting}`))).toContain('comes with the history of keys');
  });

  it('has no way to switch a check for weak keys off', () => {
    expect(complaint(head.replace('[ec:P-256]', '[ec:P-256], weakKeys: { roca: false }'))).toContain('are always on');
  });

  it('that expires within thirty days loads with a warning', () => {
    const expiring = (expires: string) =>
      setOf({ spec: { expires } }).warnings.map(({ path, message }) => [path, message]);
    expect(expiring('2026-12-10')).toEqual([['spec.expires', expect.stringContaining('expires on 2026-12-10')]]);
    expect(expiring('2027-06-30')).toEqual([]);
  });
});

describe('a set of policies', () => {
  it('P-38: two with one priority are a load error that names both', () => {
    const sources = [
      { file: 'a.yaml', text: policyText({ name: 'a' }) },
      { file: 'b.yaml', text: policyText({ name: 'b' }) },
    ];
    expect(() => policySet(sources, noon)).toThrow('b.yaml:8:15: spec.priority: a.yaml has priority 100 already');
  });

  it('two of one name are a load error', () => {
    const sources = [
      { file: 'a.yaml', text: policyText({ name: 'same' }) },
      { file: 'b.yaml', text: policyText({ name: 'same', spec: { priority: 7 } }) },
    ];
    expect(() => policySet(sources, noon)).toThrow('metadata.name: a.yaml has a policy of this name already');
  });

  it('of none is a load error: it could issue nothing', () => {
    expect(() => policySet([], noon)).toThrow('there is no policy at all');
  });

  it('reports what is wrong in every file at once', () => {
    const sources = ['a', 'b'].map((name) => ({
      file: `${name}.yaml`,
      text: policyText({ name, spec: { priority: 'x' } }),
    }));
    expect(() => policySet(sources, noon)).toThrow(/a\.yaml:.*\nb\.yaml:/);
  });
});

describe('the cases beside the rules', () => {
  const rsa = { name: 'old rsa', given: { key: 'rsa:3072' }, expect: { decision: 'allow' } };

  it('P-39: one that fails blocks the load, and is named with its policy, line and what came out', () => {
    const text = `${head}  tests:\n    - name: old rsa\n      given: { key: rsa:3072 }\n      expect: { decision: allow }\n`;
    expect(complaint(text)).toBe(
      'p.yaml:12:15: spec.tests[0].expect: the case "old rsa" fails: expected allow; it got deny, key.not-allowed',
    );
  });

  it('P-39: are reported one by one with policy and name', () => {
    const good = { name: 'good', given: { key: 'ec:P-256', ttl: '2h' }, expect: { decision: 'allow', ttl: '2h' } };
    const results = runPolicyTests(setOf({ name: 'mine', spec: { tests: [good, rsa] } }), noon);
    expect(results.map(({ policy, name, passed, outcome }) => [policy, name, passed, outcome])).toEqual([
      ['mine', 'good', true, 'allow, ttl 2h, by mine'],
      ['mine', 'old rsa', false, 'deny, key.not-allowed'],
    ]);
  });

  it.each([
    ['the decision', { decision: 'deny' }],
    ['the lifetime', { decision: 'allow', ttl: '3h' }],
    ['the policy', { decision: 'allow', policy: 'another' }],
    ['a code where there is a permit', { decision: 'allow', code: 'ttl.too-long' }],
  ])('fail when %s differs', (_, expected) => {
    const test = { name: 'x', given: { key: 'ec:P-256', ttl: '2h' }, expect: expected };
    expect(runPolicyTests(setOf({ spec: { tests: [test] } }), noon).map(({ passed }) => passed)).toEqual([false]);
  });

  it.each([
    ['the code', { decision: 'deny', code: 'ttl.too-long' }],
    ['the policy', { decision: 'deny', policy: 'another' }],
    ['a lifetime where there is a refusal', { decision: 'deny', ttl: '1h' }],
  ])('of a refusal fail when %s differs', (_, expected) => {
    const test = { name: 'x', given: { key: 'rsa:4096' }, expect: expected };
    expect(runPolicyTests(setOf({ spec: { tests: [test] } }), noon).map(({ passed }) => passed)).toEqual([false]);
  });

  it('run against the whole set, so that a policy in front is seen', () => {
    const test = { name: 'x', given: { key: 'ec:P-256' }, expect: { decision: 'allow', policy: 'behind' } };
    const behind = { name: 'behind', spec: { priority: 1, tests: [test] } };
    expect(runPolicyTests(setOf(behind), noon).every(({ passed }) => passed)).toBe(true);
    expect(runPolicyTests(setOf(behind, { name: 'front', spec: { priority: 2 } }), noon)[0]?.passed).toBe(false);
  });

  it('may speak of a node agent that asks for one of its pods', () => {
    const given = { key: 'ec:P-256', namespace: 'shop' };
    const denied = { decision: 'deny', code: 'policy.no-match' };
    const tests = [
      { name: 'ztunnel', given: { ...given, impersonated: true }, expect: { decision: 'allow', policy: 'agents' } },
      { name: 'a sidecar', given, expect: denied },
    ];
    const set = setOf({ name: 'agents', spec: { match: { namespaces: ['shop'], impersonated: true }, tests } });
    expect(runPolicyTests(set, noon).map(({ passed }) => passed)).toEqual([true, true]);
  });

  it('may speak of an identity that is none', () => {
    const given = { key: 'ec:P-256', identity: 'spiffe://td/../x' };
    const test = { name: 'x', given, expect: { decision: 'deny', code: 'identity.malformed' } };
    expect(runPolicyTests(setOf({ spec: { tests: [test] } }), noon)[0]?.passed).toBe(true);
  });
});

describe('the id of a set', () => {
  const idOf = (text: string) => policySet([{ file: 'p.yaml', text }], noon).id;

  it('P-48: is not changed by comments, layout, the order of keys or the names of files', () => {
    const reordered = `# a comment
metadata:
    name: "plain"   # quoted
kind: IssuancePolicy
spec: { validity: { max: 4h, default: 1h }, key: { allow: [ "ec:P-256" ] }, effect: allow, priority: 100 }
apiVersion: countersign.dev/v1
`;
    expect(idOf(reordered)).toBe(idOf(head));
    expect(policySet([{ file: 'other.yaml', text: head }], noon).id).toBe(idOf(head));
    expect(idOf(head)).toMatch(/^[0-9a-f]{64}$/);
  });

  it('P-48: is not changed by the order of files', () => {
    const a = { file: 'a.yaml', text: policyText({ name: 'a' }) };
    const b = { file: 'b.yaml', text: policyText({ name: 'b', spec: deny({ priority: 5 }) }) };
    expect(policySet([a, b], noon).id).toBe(policySet([b, a], noon).id);
  });

  it.each([
    ['a priority', 'priority: 100', 'priority: 101'],
    ['a lifetime', 'max: 4h', 'max: 5h'],
    ['a key type', '[ec:P-256]', '[ec:P-384]'],
    ['an effect of its absence', '  key: { allow: [ec:P-256] }\n', '  key: { allow: [ec:P-256] }\n  mode: off\n'],
    ['a name', 'name: plain', 'name: fancy'],
    ['an owner', 'name: plain', 'name: plain, owner: me'],
  ])('P-48: changes with %s', (_, from, to) => {
    expect(idOf(head.replace(from, to))).not.toBe(idOf(head));
  });
});

describe('files and folders of policies', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'policies-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('are read together', () => {
    writeFileSync(join(folder, 'a.yaml'), head);
    writeFileSync(join(folder, 'b.yml'), policyText({ name: 'b', spec: { priority: 1 } }));
    writeFileSync(join(folder, 'README.md'), 'not a policy');
    const names = loadPolicySet([folder], noon).documents.map(({ content }) => content.metadata.name);
    expect(names).toEqual(['plain', 'b']);
  });

  it.each([
    ['a file that is not there', 'missing.yaml', undefined, 'missing.yaml:1:1: there is no such file'],
    ['a file that is not text', 'x.yaml', new Uint8Array([0x61, 0xff]), 'x.yaml:1:1: the file is not UTF-8 text'],
  ])('%s is a load error', (_, name, bytes, message) => {
    if (bytes !== undefined) writeFileSync(join(folder, name), bytes);
    expect(() => loadPolicySet([join(folder, name)], noon)).toThrow(message);
  });

  it('a folder without any is a load error', () => {
    expect(() => loadPolicySet([folder], noon)).toThrow('the folder holds no *.yaml file');
  });

  it.each(['default', 'istio', 'fips', 'cert-manager', 'cert-manager-ca'])(
    'policies/%s.yaml loads, with its cases passing',
    (name) => {
      const set = loadPolicySet([join(import.meta.dirname, `../../policies/${name}.yaml`)], noon);
      expect(runPolicyTests(set, noon).length).toBeGreaterThanOrEqual(8);
      expect(set.warnings).toEqual([]);
    },
  );
});
