import { describe, expect, it } from 'vitest';
import { floorKeys, profiles } from '#policy/approved.ts';
import { evaluate } from '#policy/decide.ts';
import { Refusal } from '#refusal/refusal.ts';
import { question, setOf } from './sidecar.ts';

const requiring = (require: unknown, key: unknown = {}) => setOf({ spec: { require, key } });
const code = (given: Parameters<typeof question>[0], set: ReturnType<typeof setOf>) => {
  const answer = evaluate(question(given), set);
  return answer instanceof Refusal ? answer.code : `level ${answer.level}`;
};

/** Leaf keys that pass under an issuer that itself belongs to the profile. */
const leaves = {
  fips: ['ec:P-256', 'ec:P-384', 'ec:P-521', 'rsa:2048', 'rsa:3072', 'rsa:4096', 'ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87'],
  'cnsa-1': ['ec:P-384', 'rsa:3072', 'rsa:4096'],
  'cnsa-2': ['ml-dsa-87'],
  interop: ['ec:P-256', 'ec:P-384', 'rsa:2048', 'rsa:3072', 'rsa:4096'],
} as const;
const issuers = { fips: 'ec:P-256', 'cnsa-1': 'ec:P-384', 'cnsa-2': 'ml-dsa-87', interop: 'ec:P-384' } as const;
const sha384 = { 'rsa:3072': 'rsa-sha384', 'rsa:4096': 'rsa-sha384' } as Readonly<Record<string, string>>;

describe.each(['fips', 'cnsa-1', 'cnsa-2', 'interop'] as const)('profile %s', (profile) => {
  const set = requiring({ profile });
  const issuer = { key: issuers[profile] };

  it('lets through its own leaf keys and no other', () => {
    const passing = floorKeys.filter((key) => {
      const csrSignature = sha384[key];
      return code({ key, issuer, ...(csrSignature && { csrSignature }) }, set) === `level ${profile}`;
    });
    expect(passing).toEqual(leaves[profile]);
  });

  it('refuses an issuer outside it', () => {
    const outside = floorKeys.filter((key) => !profiles[profile].keys.includes(key));
    for (const key of outside) {
      const answer = code({ key: leaves[profile][0], issuer: { key } }, set);
      expect([key, answer]).toEqual([key, 'fips.level']);
    }
  });
});

describe('levels', () => {
  it('P-22: cnsa-1 refuses P-256, RSA-2048 and an issuer that signs with SHA-256', () => {
    const set = requiring({ profile: 'cnsa-1' });
    const issuer = { key: 'ec:P-384' } as const;
    expect(code({ key: 'ec:P-256', issuer }, set)).toBe('fips.level');
    expect(code({ key: 'rsa:2048', issuer }, set)).toBe('fips.level');
    expect(code({ key: 'ec:P-384', issuer: { key: 'rsa:3072' } }, set)).toBe('fips.level');
    expect(code({ key: 'ec:P-384', issuer }, set)).toBe('level cnsa-1');
  });

  it('P-22: cnsa-2 takes ML-DSA-87 alone, leaf and issuer', () => {
    const set = requiring({ profile: 'cnsa-2' });
    expect(code({ key: 'ml-dsa-87', issuer: { key: 'ml-dsa-87' } }, set)).toBe('level cnsa-2');
    expect(code({ key: 'ml-dsa-65', issuer: { key: 'ml-dsa-87' } }, set)).toBe('fips.level');
    expect(code({ key: 'ml-dsa-87', issuer: { key: 'ec:P-384' } }, set)).toBe('fips.level');
  });

  it('fips: policy alone holds the same lists as profile fips', () => {
    const set = requiring({ fips: 'policy' });
    expect(code({ key: 'ed25519' }, set)).toBe('fips.level');
    expect(code({ key: 'ec:P-256' }, set)).toBe('level fips');
  });

  it('a key list narrows a profile further', () => {
    const set = requiring({ profile: 'fips' }, { allow: ['ec:P-384'] });
    expect(code({ key: 'ec:P-256' }, set)).toBe('key.not-allowed');
  });
});

describe('what the policy wants of the issuer', () => {
  const withIssuer = (certificate: unknown) => setOf({ spec: { certificate } });

  it('its name', () => {
    const set = withIssuer({ issuer: 'mesh-prod' });
    expect(code({ issuer: { name: 'mesh-prod' } }, set)).toBe('level undefined');
    expect(code({ issuer: { name: 'mesh-test' } }, set)).toBe('issuer.unknown');
  });

  it('a hash no weaker than its key', () => {
    const asked = question({ issuer: { key: 'ec:P-384' } });
    const weaker = { ...asked, issuer: { ...asked.issuer, algorithm: 'ecdsa-sha256' as const } };
    expect(evaluate(weaker, setOf({}))).toMatchObject({ code: 'policy.error' });
    expect(evaluate(asked, setOf({}))).not.toBeInstanceOf(Refusal);
  });

  it('a named hash', () => {
    const set = withIssuer({ signatureHash: 'sha384' });
    expect(code({ issuer: { key: 'ec:P-256' } }, set)).toBe('policy.error');
    expect(code({ issuer: { key: 'ec:P-384' } }, set)).toBe('level undefined');
  });
});

describe('the key usage', () => {
  const usage = (key: string, certificate?: unknown) => {
    const set = setOf({ spec: { key: { allow: floorKeys }, certificate } });
    const answer = evaluate(question({ key }), set);
    return answer instanceof Refusal ? answer.code : answer.keyUsage.join(' ');
  };

  it.each([
    ['ec:P-256', undefined, 'digitalSignature'],
    ['rsa:2048', undefined, 'digitalSignature keyEncipherment'],
    ['ed25519', undefined, 'digitalSignature'],
    ['ec:P-256', { keyEncipherment: 'always' }, 'digitalSignature keyEncipherment'],
    ['ed25519', { keyEncipherment: 'always' }, 'digitalSignature'],
    ['ml-dsa-65', { keyEncipherment: 'always' }, 'digitalSignature'],
    ['rsa:2048', { keyEncipherment: 'never' }, 'digitalSignature'],
  ])('Istio 69: of a %s key under %j is %s', (key, certificate, want) => {
    expect(usage(key, certificate)).toBe(want);
  });
});

describe('a policy that expires while it is in force', () => {
  const later = { ...question(), now: Date.UTC(2027, 6, 2) };
  const inTime = { ...question(), now: Date.UTC(2027, 5, 30, 23) };

  it('stops allowing, by name', () => {
    const set = setOf({ spec: { expires: '2027-06-30' } });
    expect(evaluate(inTime, set)).not.toBeInstanceOf(Refusal);
    expect(evaluate(later, set)).toMatchObject({ code: 'policy.error' });
  });

  it('goes on denying', () => {
    const no = { effect: 'deny', key: undefined, validity: undefined, expires: '2027-06-30', priority: 1 };
    const set = setOf({}, { name: 'no', spec: no });
    expect(evaluate(later, set)).toMatchObject({ code: 'policy.denied' });
  });
});
