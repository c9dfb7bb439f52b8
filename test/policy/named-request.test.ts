import { describe, expect, it } from 'vitest';
import type { Question } from '#policy/question.ts';
import { named, under, verdict, withCsr } from './named.ts';

const anyName = { mode: 'optional', patterns: ['*'] };
const open = {
  sans: {
    dns: anyName,
    email: anyName,
    uri: { mode: 'optional', patterns: ['spiffe://*/*', 'spiffe://*', 'spiffe://*/*/*/*/*', 'x:*', 'SPIFFE:*'] },
  },
};
const web = () => named({ dns: ['web.shop.example'] });
const ca = (given: Parameters<typeof named>[0] = {}) => named({ kind: 'ca', commonName: 'Shop CA', ...given });

describe('the subject of an end entity', () => {
  const any = (mode: string) => (mode === 'forbidden' ? {} : { commonNames: ['*'] });
  const subject = (mode: string, more: object = {}) => under({ ...open, subject: { mode, ...any(mode), ...more } });
  const given = { dns: ['web.shop.example'] };

  it.each([
    ['forbidden', {}, {}, 'allowed'],
    ['forbidden', {}, { commonName: 'web' }, 'csr.subject'],
    ['forbidden', {}, { organization: 'Shop' }, 'csr.subject'],
    ['optional', {}, {}, 'allowed'],
    ['optional', {}, { commonName: 'web', organization: 'Shop' }, 'allowed'],
    ['required', {}, {}, 'csr.subject'],
    ['required', {}, { organization: 'Shop' }, 'allowed'],
    ['optional', { commonNames: ['*.shop.example'] }, { commonName: 'web.shop.example' }, 'allowed'],
    ['optional', { commonNames: ['*.shop.example'] }, { commonName: 'a.web.shop.example' }, 'csr.subject'],
    ['optional', { commonNames: ['*.shop.example'] }, { commonName: '*.shop.example' }, 'csr.subject'],
    ['optional', { commonNames: ['*'] }, { commonName: '*.shop.example' }, 'csr.subject'],
    ['optional', { commonNames: ['*'] }, { commonName: 'a name. With dots' }, 'allowed'],
    ['optional', { commonNames: ['web'] }, { organization: 'Shop' }, 'allowed'],
    ['optional', { organizations: ['Shop Inc.', 'Till*'] }, { organization: 'Shop Inc.' }, 'allowed'],
    ['optional', { organizations: ['Shop Inc.', 'Till*'] }, { organization: 'Tills & Co.' }, 'allowed'],
    ['optional', { organizations: ['Shop Inc.', 'Till*'] }, { organization: 'Bank' }, 'csr.subject'],
  ])('%s with %j, asked for %j: %s', (mode, more, names, wanted) => {
    expect(verdict(named({ ...given, ...names }), subject(mode, more))).toBe(wanted);
  });

  it('is refused for any organization that is not listed, not the first alone', () => {
    const two = withCsr(web(), { subject: { empty: false, organizations: ['Shop Inc.', 'Bank'] } });
    expect(verdict(two, subject('optional', { organizations: ['Shop Inc.'] }))).toBe('csr.subject');
    expect(verdict(two, subject('optional', { organizations: ['Shop Inc.', 'Bank'] }))).toBe('allowed');
  });

  it('may have a wildcard as a common name where names may: clients without a DNS name to look at take it for one', () => {
    const spec = {
      sans: { dns: { ...anyName, wildcards: 'allow' } },
      subject: { mode: 'optional', commonNames: ['*.shop.example'] },
    };
    for (const commonName of ['*.shop.example', 'web*.shop.example']) {
      expect(verdict(named({ commonName }), under(spec))).toBe('allowed');
      expect(verdict(named({ commonName }), under({ ...spec, sans: open.sans }))).toBe('csr.subject');
    }
  });
});

const uri = (...uris: string[]) => named({ uris });
const spiffe = 'spiffe://cluster.local/ns/shop/sa/web';

describe('below every policy', () => {
  it.each<[string, Question, string]>([
    ['a CSR that names nobody', named({}), 'csr.san'],
    ['101 names', named({ dns: Array.from({ length: 101 }, (_, at) => `${at}.example`) }), 'csr.san'],
    ['a name of 2,049 characters', uri(`x:${'a'.repeat(2047)}`), 'csr.san'],
    [
      'an administrator of Kubernetes',
      withCsr(web(), { subject: { empty: false, organizations: ['Shop', 'system:masters'] } }),
      'csr.subject',
    ],
    ['K-26: name constraints', withCsr(ca(), { extensionOids: ['2.5.29.30'] }), 'csr.extension'],
    ['another extension', withCsr(web(), { extensionOids: ['2.5.29.17', '1.3.6.1.5.5.7.1.24'] }), 'csr.extension'],
    ['a mailbox in quotes', named({ emails: ['"till"@shop.example'] }), 'csr.san'],
    ['two SPIFFE IDs', uri(spiffe, `${spiffe}2`), 'san.forbidden'],
    ['a SPIFFE ID beside another URI', uri(spiffe, 'x:y'), 'san.forbidden'],
    ['a SPIFFE ID that climbs', uri('spiffe://cluster.local/ns/../sa/web'), 'identity.malformed'],
    ['a SPIFFE ID in percent', uri('spiffe://cluster.local/ns/shop/sa/w%65b'), 'identity.malformed'],
    ['a SPIFFE ID in capitals', uri('SPIFFE://cluster.local/ns/shop/sa/web'), 'identity.malformed'],
    ['a SPIFFE ID with a query', uri('spiffe://cluster.local/ns/shop/sa/web?x'), 'identity.malformed'],
    ['a SPIFFE ID without authority', uri('spiffe:/ns/shop/sa/web'), 'identity.malformed'],
    ['a workload named by its trust domain', uri('spiffe://cluster.local'), 'identity.malformed'],
    ['a CA of an empty trust domain', ca({ uris: ['spiffe://'] }), 'identity.malformed'],
    ['a CA of a trust domain in capitals', ca({ uris: ['spiffe://Cluster.local'] }), 'identity.malformed'],
    ['a foreign caller', named({ dns: ['a.b'], identity: 'spiffe://x/y' }), 'identity.trust-domain'],
    ['an RSA-1024 key', named({ dns: ['a.b'], key: 'rsa:1024' }), 'key.not-allowed'],
    ['a CSR signed with SHA-1', named({ dns: ['a.b'], csrSignature: 'rsa-sha1' }), 'csr.algorithm'],
  ])('%s is refused', (_, asked, code) => {
    const set = under({ ...open, subject: { mode: 'optional', commonNames: ['*'] } }, { kinds: ['end-entity', 'ca'] });
    expect(verdict(asked, set)).toBe(code);
  });

  it.each<[string, Question]>([
    ['100 names', named({ dns: Array.from({ length: 100 }, (_, at) => `${at}.example`) })],
    ['one SPIFFE ID', uri(spiffe)],
    ['two other URIs', uri('x:y', 'x:z')],
    ['K-81: a CA of a trust domain', ca({ uris: ['spiffe://other.example'] })],
    ['a CA with an ID that has a path', ca({ uris: [spiffe] })],
    ['a common name alone', named({ commonName: 'till' })],
    ['an organization alone', named({ organization: 'Shop' })],
  ])('%s is for policy to decide', (_, asked) => {
    const set = under({ ...open, subject: { mode: 'optional', commonNames: ['*'] } }, { kinds: ['end-entity', 'ca'] });
    expect(verdict(asked, set)).toBe('allowed');
  });
});
