import { describe, expect, it } from 'vitest';
import { named, under, verdict } from './named.ts';

type Names = Parameters<typeof named>[0];
const dns = (...patterns: string[]) => ({ dns: { mode: 'optional', patterns } });
const wild = (...patterns: string[]) => ({ dns: { mode: 'optional', patterns, wildcards: 'allow' } });
const ip = (...patterns: string[]) => ({ ip: { mode: 'optional', patterns } });
const email = (...patterns: string[]) => ({ email: { mode: 'optional', patterns } });
const uri = (...patterns: string[]) => ({ uri: { mode: 'optional', patterns } });
const label = 'a'.repeat(63);

/** What the policy lists, what is asked for, and whether it is given. */
const rows: readonly [sans: object, names: Names, given: boolean][] = [
  [dns('api.shop.example'), { dns: ['api.shop.example'] }, true],
  [dns('api.shop.example'), { dns: ['API.Shop.Example'] }, true],
  [dns('API.Shop.Example'), { dns: ['api.shop.example'] }, true],
  [dns('api.shop.example'), { dns: ['api.shop.example', 'bank.example'] }, false],
  [dns('api.shop.example'), { dns: ['xapi.shop.example'] }, false],
  [dns('api.shop.example'), { dns: ['api.shop.example.evil'] }, false],
  [dns('*.shop.example'), { dns: ['api.shop.example', `${label}.shop.example`] }, true],
  [dns('*.shop.example'), { dns: ['shop.example'] }, false],
  [dns('*.shop.example'), { dns: ['a.b.shop.example'] }, false],
  [dns('*.shop.example', 'shop.example'), { dns: ['shop.example', 'www.shop.example'] }, true],
  [dns('*.*.svc', '*.*.svc.cluster.local'), { dns: ['web.shop.svc', 'web.shop.svc.cluster.local'] }, true],
  [dns('*'), { dns: ['bank.example', 'a.b.c.d'] }, true],
  [dns('xn--*.example'), { dns: ['xn--bcher-kva.example'] }, true],
  [dns('gw-?.shop.example'), { dns: ['gw-1.shop.example'] }, true],
  [dns('gw-?.shop.example'), { dns: ['gw-12.shop.example'] }, false],
  [dns('*.shop.example'), { dns: ['*.shop.example'] }, false],
  [dns('*'), { dns: ['*.shop.example'] }, false],
  [wild('*.shop.example'), { dns: ['*.shop.example', 'api.shop.example'] }, true],
  [wild('*'), { dns: ['*.shop.example'] }, true],
  [wild('*.*.example'), { dns: ['*.shop.example'] }, true],
  [wild('api.shop.example'), { dns: ['*.shop.example'] }, false],
  [wild('*.shop.example'), { dns: ['*.example'] }, false],
  [wild('*.shop.example'), { dns: ['*.eu.shop.example'] }, false],
  [wild('?.shop.example'), { dns: ['*.shop.example'] }, false],
  [wild('gw-*.shop.example'), { dns: ['*.shop.example'] }, false],
  [wild('*-gw.shop.example'), { dns: ['*.shop.example'] }, false],

  [ip('10.0.0.0/8'), { ips: ['10.255.0.1'] }, true],
  [ip('10.0.0.0/8'), { ips: ['11.0.0.1'] }, false],
  [ip('10.0.0.0/8'), { ips: ['10.0.0.1', '192.0.2.1'] }, false],
  [ip('192.0.2.7/32'), { ips: ['192.0.2.7'] }, true],
  [ip('192.0.2.7/32'), { ips: ['192.0.2.6'] }, false],
  [ip('0.0.0.0/0'), { ips: ['203.0.113.9'] }, true],
  [ip('0.0.0.0/0'), { ips: ['2001:db8::1'] }, false],
  [ip('10.0.0.0/8'), { ips: ['::ffff:a00:1'] }, true],
  [ip('10.0.0.0/8'), { ips: ['::ffff:b00:1'] }, false],
  [ip('10.0.0.0/8'), { ips: ['::a00:1'] }, false],
  [ip('2001:db8::/32'), { ips: ['2001:db8:ffff::1'] }, true],
  [ip('2001:db8::/32'), { ips: ['2001:db9::1'] }, false],
  [ip('fd00::/8', '10.0.0.0/8'), { ips: ['fd12::1', '10.0.0.1'] }, true],
  [ip('::/0'), { ips: ['10.0.0.1'] }, false],
  [ip('::/0'), { ips: ['::ffff:a00:1'] }, false],
  [ip('::/64'), { ips: ['10.0.0.1'] }, false],

  [email('*@shop.example'), { emails: ['till@shop.example'] }, true],
  [email('*@shop.example'), { emails: ['till@mail.shop.example'] }, false],
  [email('*@shop.example'), { emails: ['till@shop.example.evil'] }, false],
  [email('*@shop.example'), { emails: ['till@bank.example'] }, false],
  [email('till@*.example'), { emails: ['till@shop.example'] }, true],
  [email('till@*.example'), { emails: ['clerk@shop.example'] }, false],
  [email('till*'), { emails: ['till@shop.example'] }, false],
  [email('*'), { emails: ['anybody@anywhere.example'] }, true],

  [uri('spiffe://cluster.local/ns/shop/sa/*'), { uris: ['spiffe://cluster.local/ns/shop/sa/web'] }, true],
  [uri('spiffe://cluster.local/ns/shop/sa/*'), { uris: ['spiffe://cluster.local/ns/bank/sa/web'] }, false],
  [uri('spiffe://cluster.local/ns/shop/sa/*'), { uris: ['spiffe://cluster.local/ns/shop/sa/web/admin'] }, false],
  [uri('spiffe://cluster.local/ns/shop/sa/*'), { uris: ['spiffe://other.example/ns/shop/sa/web'] }, false],
  [uri('https://*.shop.example/*'), { uris: ['https://api.shop.example/v1', 'HTTPS://b.shop.example/'] }, true],
  [uri('https://*.shop.example/*'), { uris: ['http://api.shop.example/v1'] }, false],
  [uri('https://*.shop.example/*'), { uris: ['https://api.shop.example:8443/v1'] }, false],
  [uri('https://*.*.example/*'), { uris: ['https://bank.evil?.example/'] }, false],
  [uri('https://*.*.example/*'), { uris: ['https://bank.evil#.example/'] }, false],
  [uri('https://*/x'), { uris: ['https:/x'] }, false],
  [uri('urn:shop:*'), { uris: ['urn:shop:till:7'] }, true],
  [uri('urn:shop:*'), { uris: ['urn:shop:till/7'] }, false],
  [uri('urn:shop:*'), { uris: ['urn://shop:till'] }, false],

  [{ other: { mode: 'optional', patterns: ['1.2.3.4'] } }, { others: ['1.2.3.4'] }, true],
  [{ other: { mode: 'optional', patterns: ['1.2.3.4'] } }, { others: ['1.2.3.40'] }, false],
  [{ other: { mode: 'optional', patterns: ['1.2.3.4'] } }, { others: ['1.2.3.4', '1.2.3'] }, false],
];

describe('the names of an end entity', () => {
  it.each(rows)('K-23: %j, asked for %j: %s', (sans, names, given) => {
    expect(verdict(named(names), under({ sans }))).toBe(given ? 'allowed' : 'san.forbidden');
  });

  it.each([
    [{ dns: ['api.shop.example'] }, 'dns', ['api.shop.example']],
    [{ ips: ['10.0.0.1'] }, 'ip', ['10.0.0.0/8']],
    [{ emails: ['till@shop.example'] }, 'email', ['*']],
    [{ uris: ['https://shop.example/'] }, 'uri', ['https://shop.example/*']],
    [{ others: ['1.2.3.4'] }, 'other', ['1.2.3.4']],
  ])('%j are of a kind that is given only where the policy says so', (names, kind, patterns) => {
    const asked = named({ ...names, commonName: 'x' });
    const nameless = named({ commonName: 'x' });
    const spec = (sans: object) => under({ subject: { mode: 'optional', commonNames: ['*'] }, sans });
    expect(verdict(asked, spec({}))).toBe('san.forbidden');
    expect(verdict(asked, spec({ [kind]: { mode: 'optional', patterns } }))).toBe('allowed');
    expect(verdict(nameless, spec({ [kind]: { mode: 'optional', patterns } }))).toBe('allowed');
    expect(verdict(asked, spec({ [kind]: { mode: 'required', patterns } }))).toBe('allowed');
    expect(verdict(nameless, spec({ [kind]: { mode: 'required', patterns } }))).toBe('san.forbidden');
  });

  it('of a kind that is forbidden by name are refused, and the message says which', () => {
    const set = under({ sans: { ip: { mode: 'forbidden' }, ...dns('*.shop.example') } });
    expect(verdict(named({ dns: ['a.shop.example'], ips: ['10.0.0.1'] }), set)).toBe('san.forbidden');
  });
});
