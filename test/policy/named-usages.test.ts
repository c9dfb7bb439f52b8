import { describe, expect, it } from 'vitest';
import { evaluate } from '#policy/decide.ts';
import type { NamedWish, Question } from '#policy/question.ts';
import type { PurposeName } from '#x509/extended-key-usage.ts';
import type { KeyUsageName } from '#x509/key-usage.ts';
import { named, under, verdict, wishing, withCsr } from './named.ts';

const open = { sans: { dns: { mode: 'optional', patterns: ['*'] } } };
const web = () => named({ dns: ['web.shop.example'] });
const ca = (given: Parameters<typeof named>[0] = {}) => named({ kind: 'ca', commonName: 'Shop CA', ...given });
const cas = (spec: Readonly<Record<string, unknown>> = {}) =>
  under({ ...open, subject: { mode: 'required', commonNames: ['*'] }, ...spec }, { kinds: ['ca'] });

const sign: KeyUsageName[] = ['digitalSignature'];
const both: PurposeName[] = ['serverAuth', 'clientAuth'];
type Uses = Pick<NamedWish, 'keyUsage' | 'extendedKeyUsage'>;
const uses = (keyUsage: readonly KeyUsageName[], extendedKeyUsage: readonly PurposeName[] = []): Uses => ({
  keyUsage,
  extendedKeyUsage,
});

describe('the usages of a certificate', () => {
  it.each<[string, Uses, object, string]>([
    ['those that cert-manager asks for', uses(['digitalSignature', 'keyEncipherment'], both), {}, 'allowed'],
    ['purposes alone', uses([], both), {}, 'allowed'],
    ['one beyond', uses([...sign, 'dataEncipherment']), {}, 'csr.extension'],
    ['one that is listed', uses([...sign, 'dataEncipherment']), { keyUsage: [...sign, 'dataEncipherment'] }, 'allowed'],
    ['a usual one where another is listed', uses(sign), { keyUsage: ['keyAgreement'] }, 'csr.extension'],
    ['a purpose beyond', uses(sign, ['codeSigning']), {}, 'csr.extension'],
    ['a purpose that is listed', uses(sign, ['codeSigning']), { extendedKeyUsage: ['codeSigning'] }, 'allowed'],
    [
      'a usual purpose where another is listed',
      uses(sign, both),
      { extendedKeyUsage: ['serverAuth'] },
      'csr.extension',
    ],
    ['every purpose there is', uses(sign, ['anyExtendedKeyUsage']), {}, 'csr.extension'],
  ])('of an end entity: %s', (_, wish, certificate, wanted) => {
    expect(verdict(wishing(web(), wish), under({ ...open, certificate }))).toBe(wanted);
  });

  it('K-17: of a CA are certificate and CRL signatures, and what cert-manager asks for besides', () => {
    for (const keyUsage of [
      ['keyCertSign'],
      ['keyCertSign', 'cRLSign'],
      ['digitalSignature', 'keyEncipherment', 'keyCertSign'],
    ] as const)
      expect(verdict(wishing(ca(), { keyUsage }), cas())).toBe('allowed');
    expect(verdict(wishing(ca(), { keyUsage: ['keyCertSign', 'keyAgreement'] }), cas())).toBe('csr.extension');
  });

  const all = { certificate: { keyUsage: ['digitalSignature', 'keyCertSign', 'cRLSign'] } };
  it.each<[string, Question, object]>([
    ['an end entity that signs certificates', wishing(web(), uses(['digitalSignature', 'keyCertSign'])), all],
    ['an end entity that signs CRLs', wishing(web(), uses(['cRLSign'])), all],
    ['a CA without key usage', wishing(ca(), uses([], both)), all],
    ['a certificate for nothing', wishing(web(), uses([])), {}],
  ])('never make %s, whatever is listed', (_, asked, spec) => {
    const set = under(
      { ...open, ...spec, subject: { mode: 'optional', commonNames: ['*'] } },
      { kinds: ['end-entity', 'ca'] },
    );
    expect(verdict(asked, set)).toBe('csr.extension');
  });
});

const serverAuth = '1.3.6.1.5.5.7.3.1';
const clientAuth = '1.3.6.1.5.5.7.3.2';

describe('what the CSR says and what the request says beside it', () => {
  const usual = wishing(web(), uses(['digitalSignature', 'keyEncipherment'], both));
  const agreed = { keyUsage: ['keyEncipherment', 'digitalSignature'], extendedKeyUsage: [serverAuth, clientAuth] };

  it.each<[string, Partial<Question['csr']>, string]>([
    ['the same', agreed, 'allowed'],
    ['nothing of usages', {}, 'allowed'],
    ['a key usage less', { ...agreed, keyUsage: ['digitalSignature'] }, 'csr.extension'],
    ['a key usage more', { ...agreed, keyUsage: [...agreed.keyUsage, 'keyAgreement'] }, 'csr.extension'],
    ['another key usage', { ...agreed, keyUsage: ['digitalSignature', 'keyAgreement'] }, 'csr.extension'],
    ['the purposes in another order', { ...agreed, extendedKeyUsage: [clientAuth, serverAuth] }, 'csr.extension'],
    ['a purpose less', { ...agreed, extendedKeyUsage: [serverAuth] }, 'csr.extension'],
    ['a purpose more', { ...agreed, extendedKeyUsage: [serverAuth, clientAuth, '1.2.3'] }, 'csr.extension'],
    ['key usages alone, where there are purposes', { keyUsage: agreed.keyUsage }, 'csr.extension'],
    ['purposes alone, where there are key usages', { extendedKeyUsage: agreed.extendedKeyUsage }, 'csr.extension'],
  ])('K-18: %s', (_, csr, wanted) => expect(verdict(withCsr(usual, csr), under(open))).toBe(wanted));

  it('K-18: agree where neither names a key usage, or neither a purpose', () => {
    expect(
      verdict(withCsr(wishing(web(), uses([], both)), { extendedKeyUsage: [serverAuth, clientAuth] }), under(open)),
    ).toBe('allowed');
    expect(verdict(withCsr(wishing(web(), uses(sign)), { keyUsage: sign }), under(open))).toBe('allowed');
  });

  it.each<[string, Question, string]>([
    ['an end entity, and says so', withCsr(web(), { basicConstraints: { ca: false } }), 'allowed'],
    ['an end entity, and says CA', withCsr(web(), { basicConstraints: { ca: true } }), 'csr.extension'],
    ['a CA, and says so', withCsr(ca(), { basicConstraints: { ca: true } }), 'allowed'],
    ['a CA, and says that it is none', withCsr(ca(), { basicConstraints: { ca: false } }), 'csr.extension'],
  ])('K-19: a request for %s: %s', (_, asked, wanted) => {
    const set = under({ ...open, subject: { mode: 'optional', commonNames: ['*'] } }, { kinds: ['end-entity', 'ca'] });
    expect(verdict(asked, set)).toBe(wanted);
  });
});

describe('the name constraints of a CA', () => {
  const constrained = withCsr(ca(), { extensionOids: ['2.5.29.30'] });

  it.each([
    [{}, constrained, 'csr.extension'],
    [{ nameConstraints: 'refuse' }, constrained, 'csr.extension'],
    [{ nameConstraints: 'copy' }, constrained, 'allowed'],
    [{ nameConstraints: 'refuse' }, ca(), 'allowed'],
  ])('K-26: under %j are copied or refused, never dropped', (certificate, asked, wanted) => {
    expect(verdict(asked, cas({ certificate }))).toBe(wanted);
  });

  it('K-26: are none of an end entity', () => {
    const match = { kinds: ['ca', 'end-entity'] };
    const set = under(
      { ...open, subject: { mode: 'optional', commonNames: ['*'] }, certificate: { nameConstraints: 'copy' } },
      match,
    );
    expect(verdict(withCsr(web(), { extensionOids: ['2.5.29.30'] }), set)).toBe('csr.extension');
    expect(verdict(constrained, set)).toBe('allowed');
  });
});

describe('the TLS feature of an end entity', () => {
  const stapling = withCsr(web(), { extensionOids: ['1.3.6.1.5.5.7.1.24'] });

  it.each([
    [{}, stapling, 'csr.extension'],
    [{ tlsFeature: 'refuse' }, stapling, 'csr.extension'],
    [{ tlsFeature: 'copy' }, stapling, 'allowed'],
    [{ tlsFeature: 'refuse' }, web(), 'allowed'],
  ])('under %j is copied or refused, never dropped', (certificate, asked, wanted) => {
    expect(verdict(asked, under({ ...open, certificate }))).toBe(wanted);
  });

  it('is none of a CA', () => {
    const spec = { ...open, subject: { mode: 'optional', commonNames: ['*'] }, certificate: { tlsFeature: 'copy' } };
    const set = under(spec, { kinds: ['ca', 'end-entity'] });
    expect(verdict(withCsr(ca(), { extensionOids: ['1.3.6.1.5.5.7.1.24'] }), set)).toBe('csr.extension');
    expect(verdict(stapling, set)).toBe('allowed');
  });
});

describe('the path length of a CA', () => {
  const length = (policy: number | undefined, asked: number | undefined, room: number | undefined) => {
    const request = ca(room === undefined ? {} : { issuer: { pathLength: room } });
    const csr = asked === undefined ? {} : { basicConstraints: { ca: true, pathLength: asked } };
    const answer = evaluate(
      withCsr(request, csr),
      cas(policy === undefined ? {} : { certificate: { pathLength: policy } }),
    );
    return 'pathLength' in answer ? answer.pathLength : Object(answer).code;
  };

  it.each([
    [undefined, undefined, undefined, 0],
    [undefined, 3, undefined, 0],
    [2, undefined, undefined, 2],
    [2, 1, undefined, 1],
    [2, 3, undefined, 2],
    [undefined, undefined, 1, 0],
    [undefined, undefined, 0, 'policy.error'],
    [1, undefined, 2, 1],
    [1, undefined, 1, 'policy.error'],
    [1, 0, 1, 0],
    [1, 0, 0, 'policy.error'],
  ])('by the policy %s, asked for %s, under an issuer of %s: %s', (policy, asked, room, wanted) => {
    expect(length(policy, asked, room)).toBe(wanted);
  });

  it('is none of an end entity, whatever is above it', () => {
    expect(evaluate(named({ dns: ['a.b'], issuer: { pathLength: 0 } }), under(open))).not.toHaveProperty('pathLength');
    expect(verdict(named({ dns: ['a.b'], issuer: { pathLength: 0 } }), under(open))).toBe('allowed');
  });
});
