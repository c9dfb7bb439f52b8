import { describe, expect, it } from 'vitest';
import { evaluate } from '#policy/decide.ts';
import type { Question } from '#policy/question.ts';
import { Refusal, type RefusalCode } from '#refusal/refusal.ts';
import { question, setOf } from './sidecar.ts';

const own = 'spiffe://cluster.local/ns/shop/sa/web';
const san = (kind: string, value: string) => ({ kind, value });
const subjectAltName = '2.5.29.17';

/** CSRs that istio-csr refuses (contract Istio §3.2). */
const inexact: readonly [what: string, over: Partial<Question['csr']>, code: RefusalCode][] = [
  ['another URI', { sans: [san('uri', `${own}x`)] }, 'identity.mismatch'],
  ['its own URI in other letters', { sans: [san('uri', own.replace('web', 'Web'))] }, 'identity.mismatch'],
  ['its own URI with a trailing slash', { sans: [san('uri', `${own}/`)] }, 'identity.mismatch'],
  ['a URI in another trust domain', { sans: [san('uri', 'spiffe://other/ns/shop/sa/web')] }, 'identity.trust-domain'],
  ['a URI of another scheme', { sans: [san('uri', 'https://web.shop')] }, 'identity.mismatch'],
  ['its own URI and another', { sans: [san('uri', own), san('uri', `${own}2`)] }, 'identity.mismatch'],
  ['its own URI twice', { sans: [san('uri', own), san('uri', own)] }, 'identity.mismatch'],
  ['no URI', { sans: [], extensionOids: [] }, 'identity.mismatch'],
  ['a DNS name', { sans: [san('uri', own), san('dns', 'web.shop.svc')] }, 'san.forbidden'],
  ['an IP address', { sans: [san('uri', own), san('ip', '10.0.0.1')] }, 'san.forbidden'],
  ['an email address', { sans: [san('uri', own), san('email', 'a@b.example')] }, 'san.forbidden'],
  ['a common name', { subject: { commonName: 'web' } }, 'csr.subject'],
  ['a foreign extension', { extensionOids: [subjectAltName, '1.2.3.4'] }, 'csr.extension'],
  ['basicConstraints', { extensionOids: [subjectAltName, '2.5.29.19'] }, 'csr.extension'],
  ['a key usage of another kind', { keyUsage: ['digitalSignature', 'dataEncipherment'] }, 'csr.extension'],
  ['a purpose of another kind', { extendedKeyUsage: ['1.3.6.1.5.5.7.3.3'] }, 'csr.extension'],
];

const exactly: readonly [what: string, over: Partial<Question['csr']>][] = [
  ['its own URI alone', {}],
  ['the usages that a leaf gets anyway', { keyUsage: ['digitalSignature', 'keyEncipherment'] }],
  ['server and client purposes', { extendedKeyUsage: ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'] }],
  ["an agent's empty organization", { subject: {} }],
];

const set = setOf({});

function answer(dialect: 'istiod' | 'istio-csr', over: Partial<Question['csr']>) {
  const asked = question({ dialect });
  const given = evaluate({ ...asked, csr: { ...asked.csr, ...over } }, set);
  return given instanceof Refusal ? given.code : given.identity;
}

describe('the dialect of istio-csr', () => {
  it.each(inexact)('Istio 65: refuses a CSR with %s', (_, over, code) => expect(answer('istio-csr', over)).toBe(code));
  it.each(exactly)('takes a CSR with %s', (_, over) => expect(answer('istio-csr', over)).toBe(own));

  it('cannot be loosened by a policy', () => {
    const csr = { subject: 'ignore', unlistedExtensions: 'ignore' };
    const ignored = { mode: 'ignored' };
    const loose = setOf({ spec: { csr, sans: { uri: ignored, dns: ignored, ip: ignored, email: ignored } } });
    for (const [, over, code] of inexact) {
      const asked = question({ dialect: 'istio-csr' });
      expect(evaluate({ ...asked, csr: { ...asked.csr, ...over } }, loose)).toMatchObject({ code });
    }
  });
});

describe('the dialect of istiod', () => {
  it.each(inexact)("Istio 66: ignores %s and issues the caller's identity", (_, over) => {
    expect(answer('istiod', over)).toBe(own);
  });

  it.each([
    ['uri required', { sans: { uri: { mode: 'required' } } }, { sans: [] }, 'identity.mismatch'],
    ['uri optional', { sans: { uri: { mode: 'optional' } } }, { sans: [san('uri', `${own}x`)] }, 'identity.mismatch'],
    ['dns forbidden', { sans: { dns: { mode: 'forbidden' } } }, { sans: [san('dns', 'a.b')] }, 'san.forbidden'],
    ['ip forbidden', { sans: { ip: { mode: 'forbidden' } } }, { sans: [san('ip', '::1')] }, 'san.forbidden'],
    ['email forbidden', { sans: { email: { mode: 'forbidden' } } }, { sans: [san('email', 'a@b')] }, 'san.forbidden'],
    ['subject reject', { csr: { subject: 'reject' } }, { subject: { commonName: 'x' } }, 'csr.subject'],
    [
      'unlistedExtensions reject',
      { csr: { unlistedExtensions: 'reject' } },
      { extensionOids: ['1.2.3.4'] },
      'csr.extension',
    ],
  ])('is tightened by a policy with %s', (_, spec, over, code) => {
    const asked = question();
    const strict = setOf({ spec });
    expect(evaluate({ ...asked, csr: { ...asked.csr, ...over } }, strict)).toMatchObject({ code });
    expect(evaluate(asked, strict)).not.toBeInstanceOf(Refusal);
  });
});

describe('what a CSR holds besides names', () => {
  it.each([
    ['a challengePassword', { challengePassword: true }, 'csr.challenge-password', { challengePassword: 'ignore' }],
    ['an unknown attribute', { unknownAttributes: ['1.2.3'] }, 'csr.attribute', { unknownAttributes: 'ignore' }],
  ])('%s is refused unless the policy ignores it', (_, over, code, csr) => {
    const asked = question();
    const given = { ...asked, csr: { ...asked.csr, ...over } };
    expect(evaluate(given, set)).toMatchObject({ code });
    expect(evaluate(given, setOf({ spec: { csr } }))).not.toBeInstanceOf(Refusal);
  });
});
