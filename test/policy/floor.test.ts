import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate } from '#policy/decide.ts';
import type { PermitTerms } from '#policy/permit.ts';
import type { Question, SvidWish } from '#policy/question.ts';
import type { PolicySet } from '#policy/set.ts';
import { Refusal, type RefusalCode } from '#refusal/refusal.ts';
import { parseSpiffeId, parseTrustDomain, type SpiffeId } from '#spiffe/spiffe-id.ts';
import { type Draft, deny, noon, question, setOf } from './sidecar.ts';

function codeOf(asked: Question, set: PolicySet): string {
  const answer = evaluate(asked, set);
  return answer instanceof Refusal ? answer.code : 'allowed';
}

/** Every key and signature that a policy can name at all. */
const everything = {
  key: {
    allow: [
      'ec:P-256',
      'ec:P-384',
      'ec:P-521',
      'rsa:2048',
      'rsa:3072',
      'rsa:4096',
      'ed25519',
      'ml-dsa-44',
      'ml-dsa-87',
    ],
  },
  csr: { challengePassword: 'ignore', unknownAttributes: 'ignore', unlistedExtensions: 'ignore' },
  validity: { default: '1h', max: '365d', min: '5m', above: 'clamp', below: 'clamp', beyondIssuer: 'clamp' },
};
const permissive = setOf({ spec: everything });

const csr = (over: Partial<Question['csr']>, asked = question()) => ({ ...asked, csr: { ...asked.csr, ...over } });
const as = (identity: string, asked = question()): Question => ({
  ...asked,
  caller: { ...asked.caller, identity: identity as SpiffeId },
});
const wish = (over: Partial<SvidWish>, asked = question()) => ({ ...asked, wish: { ...asked.wish, ...over } });
const issuer = (over: Partial<Question['issuer']>, asked = question()) => ({
  ...asked,
  issuer: { ...asked.issuer, ...over },
});

describe('keys below the floor', () => {
  const unapproved = [
    'rsa:1024',
    'rsa:1023',
    'rsa:2047',
    'rsa:2049',
    'rsa:16384',
    'ec:P-192',
    'ec:P-224',
    'ec:secp256k1',
    'ec:brainpoolP256r1',
    'dsa:2048',
    'ed448',
  ];

  it.each(unapproved)('P-20: a %s key is refused as key.not-allowed, whatever the policy', (key) => {
    expect(codeOf(question({ key }), permissive)).toBe('key.not-allowed');
  });

  it.each(['rsa-sha1', 'ecdsa-sha1', 'ecdsa-sha224', 'dsa-sha256'])(
    'P-20: a CSR signed with %s is refused',
    (csrSignature) => {
      expect(codeOf(question({ key: 'rsa:2048', csrSignature }), permissive)).toBe('csr.algorithm');
    },
  );

  it.each(['ec:secp256k1', 'ec:brainpoolP256r1', 'ec:P-384'])(
    'P-49: a key on %s does not pass where P-256 is allowed, same field size or not',
    (key) => {
      const p256 = setOf({ spec: { key: { allow: ['ec:P-256'] } } });
      expect(codeOf(question({ key }), p256)).toBe('key.not-allowed');
      expect(codeOf(question({ key: 'ec:P-256' }), p256)).toBe('allowed');
    },
  );

  it.each(['rsa:2048', 'rsa:3072', 'rsa:4096', 'ec:P-256', 'ec:P-384'])('Istio 63: a %s key passes', (key) => {
    expect(codeOf(question({ key }), permissive)).toBe('allowed');
  });
});

describe('whose name stands in the certificate', () => {
  it("P-36: the caller's own, and the CSR has no say", () => {
    const answer = evaluate(question({ uris: ['spiffe://cluster.local/ns/shop/sa/bank'] }), permissive);
    expect(answer).toMatchObject({ identity: 'spiffe://cluster.local/ns/shop/sa/web' });
  });

  it('P-36: a CSR for another identity is refused in the exact dialect, and where a policy asks for its own name', () => {
    const bank = { uris: ['spiffe://cluster.local/ns/shop/sa/bank'] };
    const named = setOf({ spec: { ...everything, sans: { uri: { mode: 'optional' } } } });
    expect(codeOf(question({ ...bank, dialect: 'istio-csr' }), permissive)).toBe('identity.mismatch');
    expect(codeOf(question(bank), named)).toBe('identity.mismatch');
    expect(codeOf(question({ uris: [] }), named)).toBe('allowed');
  });

  it.each([
    'spiffe://other.example/ns/shop/sa/bank',
    'spiffe://cluster.local/ns/shop/../sa/bank',
    'spiffe://cluster.local/ns/shop/sa/bank',
    'spiffe://cluster.local/ns/shop/sa/web',
  ])('P-36: acting for %s is refused where nobody let the caller', (impersonate) => {
    expect(codeOf(wish({ impersonate }), permissive)).toBe('authn.impersonation');
  });

  it('P-36: acting for another is for exactly the identity that the caller was let act for, in our trust domains', () => {
    const agent = question({}).caller;
    const acting = (identity: string, impersonate = identity) => {
      const asked = wish({ impersonate });
      return { ...asked, caller: { ...agent, identity: parseSpiffeId(identity), impersonation: { by: agent } } };
    };
    expect(evaluate(acting('spiffe://cluster.local/ns/shop/sa/bank'), permissive)).toMatchObject({
      identity: 'spiffe://cluster.local/ns/shop/sa/bank',
    });
    expect(
      codeOf(acting('spiffe://cluster.local/ns/shop/sa/bank', 'spiffe://cluster.local/ns/shop/sa/till'), permissive),
    ).toBe('authn.impersonation');
    expect(codeOf(acting('spiffe://other.example/ns/shop/sa/bank'), permissive)).toBe('identity.trust-domain');
  });

  it('a policy may be for node agents alone, or for all but them', () => {
    const agent = question({}).caller;
    const impersonate = 'spiffe://cluster.local/ns/shop/sa/bank';
    const acting = {
      ...wish({ impersonate }),
      caller: { ...agent, identity: parseSpiffeId(impersonate), impersonation: { by: agent } },
    };
    for (const [impersonated, forAgents, forOthers] of [
      [true, 'allowed', 'policy.no-match'],
      [false, 'policy.no-match', 'allowed'],
      ['any', 'allowed', 'allowed'],
    ]) {
      const set = setOf({ spec: { ...everything, match: { impersonated } } });
      expect([codeOf(acting, set), codeOf(question({}), set)]).toEqual([forAgents, forOthers]);
    }
  });

  it('is in a trust domain of ours, or one of its aliases', () => {
    const old = as('spiffe://old.example/ns/shop/sa/web');
    expect(codeOf(old, permissive)).toBe('identity.trust-domain');
    const aliases = [parseTrustDomain('old.example')];
    expect(codeOf({ ...old, trustDomains: { ...old.trustDomains, aliases } }, permissive)).toBe('allowed');
  });
});

/** Policies of any shape that loads. */
const anyPolicy = fc.record(
  {
    effect: fc.constant('allow'),
    match: fc.record({ namespaces: fc.constantFrom(['*'], ['shop'], ['sh?p', 'x*']) }, { requiredKeys: [] }),
    key: fc.record({ allow: fc.subarray(everything.key.allow, { minLength: 1 }) }),
    csr: fc.record(
      {
        subject: fc.constantFrom('ignore', 'reject'),
        challengePassword: fc.constantFrom('ignore', 'reject'),
        unknownAttributes: fc.constantFrom('ignore', 'reject'),
        unlistedExtensions: fc.constantFrom('ignore', 'reject'),
      },
      { requiredKeys: [] },
    ),
    identity: fc.record({ equalsCaller: fc.constant(true), patterns: fc.constant(['spiffe://*.local/ns/*/sa/*']) }),
    sans: fc.record(
      {
        uri: fc.record({ mode: fc.constantFrom('required', 'optional', 'ignored') }),
        dns: fc.record({ mode: fc.constantFrom('forbidden', 'ignored') }),
      },
      { requiredKeys: [] },
    ),
    validity: fc.record(
      {
        default: fc.constantFrom('1h', '24h'),
        max: fc.constantFrom('24h', '90d', '9999d'),
        min: fc.constantFrom('5m', '30m'),
        above: fc.constantFrom('clamp', 'reject'),
        below: fc.constantFrom('clamp', 'reject'),
        beyondIssuer: fc.constantFrom('clamp', 'reject'),
        backdate: fc.constantFrom('0s', '1m', '2m'),
        jitter: fc.constantFrom('0s', '5m'),
      },
      { requiredKeys: ['default', 'max'] },
    ),
    certificate: fc.record(
      {
        issuer: fc.constantFrom('*', 'default'),
        keyEncipherment: fc.constantFrom('rsa-only', 'always', 'never'),
        extendedKeyUsage: fc.constant(['clientAuth', 'serverAuth']),
        maxSize: fc.constantFrom('1KiB', '16KiB'),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ['effect', 'key', 'validity'] },
);
const anyMember = fc.oneof(
  { weight: 4, arbitrary: anyPolicy },
  { weight: 1, arbitrary: fc.record({ match: fc.constant({ namespaces: ['closed'] }) }).map(deny) },
);
const anySet = fc
  .array(anyMember, { minLength: 1, maxLength: 4 })
  .map((specs) =>
    setOf(...specs.map((spec, index): Draft => ({ name: `p${index}`, spec: { ...spec, priority: index } }))),
  );

const year = 365 * 86_400;
const seconds = noon / 1000;

/** One question per thing the floor holds, and the code that no policy may turn into a permit. */
const hostile: readonly [what: string, asked: Question, code: RefusalCode][] = [
  ['an identity that is none', as('spiffe://cluster.local/ns//sa/web'), 'identity.malformed'],
  ['an identity without a path', as('spiffe://cluster.local'), 'identity.malformed'],
  ['an upper-case trust domain', as('spiffe://CLUSTER.local/ns/a/sa/b'), 'identity.malformed'],
  ['a foreign trust domain', as('spiffe://evil.local/ns/shop/sa/web'), 'identity.trust-domain'],
  ['acting for another', wish({ impersonate: 'spiffe://cluster.local/ns/shop/sa/bank' }), 'authn.impersonation'],
  ['an RSA-1024 key', question({ key: 'rsa:1024' }), 'key.not-allowed'],
  ['a P-224 key', question({ key: 'ec:P-224' }), 'key.not-allowed'],
  ['a SHA-1 CSR', question({ csrSignature: 'rsa-sha1' }), 'csr.algorithm'],
  ['keyCertSign', csr({ keyUsage: ['digitalSignature', 'keyCertSign'] }), 'csr.extension'],
  ['cRLSign', csr({ keyUsage: ['cRLSign'] }), 'csr.extension'],
  ['nameConstraints', csr({ extensionOids: ['2.5.29.30'] }), 'csr.extension'],
  ['CT poison', csr({ extensionOids: ['1.3.6.1.4.1.11129.2.4.3'] }), 'csr.extension'],
  ['an expired issuer', issuer({ notAfter: seconds - 1 }), 'issuer.expired'],
  ['an issuer of tomorrow', issuer({ notBefore: seconds + 1 }), 'issuer.unavailable'],
];

describe('the floor', () => {
  it.each(hostile)('P-47: no policy lets %s through', (_, asked, code) => {
    fc.assert(
      fc.property(anySet, (set) => codeOf(asked, set) === code),
      { numRuns: 40 },
    );
  });

  const anyQuestion = fc
    .record({
      key: fc.constantFrom(...everything.key.allow),
      ttl: fc.oneof(fc.bigInt(-10n, 100_000n), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)),
      left: fc.integer({ min: 1, max: 2 * year }),
      age: fc.integer({ min: 0, max: 600 }),
      dialect: fc.constantFrom('istiod', 'istio-csr'),
      serial: fc.uint8Array({ minLength: 20, maxLength: 20 }),
    })
    .map(({ key, ttl, left, age, dialect, serial }) => {
      const asked = wish({ ttl }, question({ key, dialect }, { serial }));
      return issuer({ notAfter: seconds + left, notBefore: seconds - age }, asked);
    });

  it('P-47: whatever is permitted, under any policy, is within the floor', () => {
    let permits = 0;
    fc.assert(
      fc.property(anySet, anyQuestion, (set, asked) => {
        const answer = evaluate(asked, set);
        if (answer instanceof Refusal) return;
        permits++;
        expectWithinFloor(answer, asked);
      }),
      { numRuns: 1500 },
    );
    expect(permits).toBeGreaterThan(100);
  });
});

function expectWithinFloor(terms: PermitTerms, { caller, issuer: by, csr: { key } }: Question): void {
  expect(terms.identity).toBe(caller.identity);
  expect(terms.spkiSha256).toBe(key.spkiSha256);
  expect(terms.notAfter).toBeLessThanOrEqual(by.notAfter);
  expect(terms.notBefore).toBeGreaterThanOrEqual(by.notBefore);
  expect(terms.notBefore).toBeLessThanOrEqual(seconds);
  // Istio 76: the middle of the window is at least a minute ahead.
  expect((terms.notBefore + terms.notAfter) / 2).toBeGreaterThanOrEqual(seconds + 60);
  expect(terms.keyUsage[0]).toBe('digitalSignature');
  expect(terms.extendedKeyUsage).toEqual(['serverAuth', 'clientAuth']);
  expect(terms.maxSize).toBeLessThanOrEqual(16 * 1024);
  if (key.kind.startsWith('ml-dsa') || key.kind === 'ed25519') expect(terms.keyUsage).toEqual(['digitalSignature']);
}
