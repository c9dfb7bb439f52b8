import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lastForwarded, MalformedForward } from '#authn/xfcc/forwarded-certificate.ts';
import { checkTrustedNetwork } from '#authn/xfcc/trusted-network.ts';
import { XfccAuthenticator } from '#authn/xfcc/xfcc-authenticator.ts';
import { parseTrustDomain } from '#spiffe/spiffe-id.ts';
import { evidence } from '#test/authn/oidc/issuer.ts';
import { AddressRanges } from '#x509/address-ranges.ts';

const hash = 'ab'.repeat(32);
const web = 'spiffe://cluster.local/ns/demo/sa/web';
const gateway = 'spiffe://cluster.local/ns/istio-system/sa/gateway';
const typical = `By=${gateway};Hash=${hash};Subject="CN=web,O=\\"demo\\"";URI=${web}`;
const authenticator = new XfccAuthenticator({
  proxies: new AddressRanges(['10.1.2.0/24', 'fd00:1::/64', '192.0.2.7/32']),
  trustDomain: parseTrustDomain('cluster.local'),
});

/** The identity, `nothing`, or the refusal's code. */
async function answer(forwardedClientCert: readonly string[] | undefined, ip = '10.1.2.3'): Promise<string> {
  const given = evidence({ ...(forwardedClientCert && { forwardedClientCert }), peer: { ip, port: 1 } });
  try {
    const caller = await authenticator.authenticate(given);
    return caller === undefined ? 'nothing' : caller.identity;
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown);
  }
}

describe('a certificate that a proxy has seen', () => {
  it('proves the identity in it when the proxy is a listed one', async () => {
    expect(await answer([typical])).toBe(web);
    const facts = (
      await authenticator.authenticate(evidence({ forwardedClientCert: [typical], peer: { ip: '10.1.2.3', port: 1 } }))
    )?.facts;
    expect(facts).toEqual({ identity: web, authenticator: 'xfcc', credential: { certificateSha256: hash } });
  });

  it('is nothing where the header is not there', async () => {
    expect(await answer(undefined)).toBe('nothing');
    expect(await answer([], '203.0.113.1')).toBe('nothing');
  });

  it.each(['10.1.3.3', '127.0.0.1', '::1', '::ffff:127.0.0.1', '192.0.2.8', 'fd00:2::1', '0.0.0.0', '', 'unknown'])(
    'Istio 47: from %j, which is not listed, is refused, loopback or not',
    async (ip) => {
      expect(await answer([typical], ip)).toBe('authn.failed');
    },
  );

  it.each([
    '10.1.2.0',
    '10.1.2.255',
    '::ffff:10.1.2.9',
    '::FFFF:10.1.2.9',
    '192.0.2.7',
    'fd00:1::1',
    'fd00:1:0:0:ffff::',
  ])('Istio 47: from %s, which is listed, counts', async (ip) => {
    expect(await answer([typical], ip)).toBe(web);
  });

  it('of several elements counts the last, which the nearest proxy has added', async () => {
    expect(await answer([`URI=${gateway},URI=${web}`])).toBe(web);
    expect(await answer([`URI=${web},Hash=${hash};Subject=""`])).toBe('authn.failed');
    expect(await answer([`Subject="a,URI=${gateway}",URI=${web}`])).toBe(web);
  });

  it.each([
    ['no URI', `Hash=${hash};DNS=web.demo`],
    ['two URIs', `URI=${web};URI=${gateway}`],
    ['the same URI twice', `URI=${web};uri=${web}`],
    ['a foreign trust domain', 'URI=spiffe://other.example/ns/demo/sa/web'],
    ['a trust domain that begins like ours', 'URI=spiffe://cluster.local.evil/ns/demo/sa/web'],
    ['no SPIFFE ID', 'URI=https://cluster.local/ns/demo/sa/web'],
    ['an ID without a path', 'URI=spiffe://cluster.local'],
    ['an empty URI', 'URI='],
    ['an escaped URI', 'URI=spiffe%3A%2F%2Fcluster.local/ns/demo/sa/web'],
    ['the URI of the proxy alone', `By=${web}`],
    ['nothing', ''],
    ['an unknown key', `URI=${web};Role=admin`],
    ['no key', `=${web}`],
    ['no equals sign', `URI`],
    ['an empty element before it', `,URI=${web}`],
    ['an empty element behind it', `URI=${web},`],
    ['an empty pair', `URI=${web};`],
    ['spaces', `URI=${web}, URI=${web}`],
    ['a quote that does not end', `Subject="CN=a;URI=${web}`],
    ['a quote in the middle', `URI=${web}"`],
    ['something behind a quote', `Subject="a"b;URI=${web}`],
    ['an unknown escape', `Subject="\\n";URI=${web}`],
    ['an escape at the end', `URI=${web};Subject="\\`],
    ['an equals sign outside of quotes', `Subject=CN=a;URI=${web}`],
    ['a hash that is none', `Hash=12;URI=${web}`],
    ['two hashes', `Hash=${hash};Hash=${hash};URI=${web}`],
  ])('Istio 47: with %s is refused', async (_, value) => {
    expect(await answer([value])).toBe('authn.failed');
  });

  it('Istio 47: that is there twice is refused', async () => {
    expect(await answer([typical, typical])).toBe('authn.failed');
  });
});

describe('the header', () => {
  const value = fc.string({ unit: fc.constantFrom(...'ab:/.,;="\\ é') });
  const quoted = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`;
  const key = fc.constantFrom('By', 'Subject', 'DNS', 'URI', 'uri', 'Cert', 'Chain');
  const element = fc.array(fc.tuple(key, value), { minLength: 1, maxLength: 5 });

  it('says after reading what a proxy wrote', () => {
    fc.assert(
      fc.property(fc.array(element, { minLength: 1, maxLength: 4 }), (elements) => {
        const text = elements.map((pairs) => pairs.map(([k, v]) => `${k}=${quoted(v)}`).join(';')).join(',');
        const uris = (elements.at(-1) ?? []).filter(([k]) => k.toLowerCase() === 'uri').map(([, v]) => v);
        expect(lastForwarded(text)).toEqual({ uris });
      }),
    );
  });

  it('is read or refused, whatever it holds', () => {
    const parts = fc.array(fc.constantFrom('URI', 'By', '=', ';', ',', '"', '\\', 'a', ' ', web, '\0'), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          parts.map((each) => each.join('')),
        ),
        (text) => {
          try {
            expect(lastForwarded(text).uris.length).toBeLessThan(13);
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(MalformedForward);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('a list of networks', () => {
  it.each([
    '10.0.0.1',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    '10.0.0.1/24',
    '10.0.0/24',
    '010.0.0.0/8',
    '0.0.0.0/0',
    '::/0',
    'fd00::/129',
    'fd00::1/64',
    'fd00::1:0:0/80',
    'fe80::%eth0/64',
    '::ffff:10.0.0.0/120',
    'proxy.example/32',
    '/24',
    '',
  ])('does not take %j', (network) => {
    expect(() => checkTrustedNetwork(network)).toThrow();
  });

  it.each(['10.0.0.0/8', '10.0.0.1/32', 'fd00::/8', 'fd00:0:0:1::/64', '::1/128', '64:ff9b::10.0.0.0/120'])(
    'takes %s',
    (network) => {
      expect(new AddressRanges([network]).has(network.split('/')[0] ?? '')).toBe(true);
    },
  );

  it('holds the addresses that begin with its bits and no others', () => {
    const octets = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255));
    fc.assert(
      fc.property(octets, octets, fc.integer({ min: 1, max: 32 }), (a, b, prefix) => {
        const number = (each: readonly number[]) => each.reduce((sum, octet) => sum * 256 + octet, 0);
        const size = 2 ** (32 - prefix);
        const first = number(a) - (number(a) % size);
        const text = [24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join('.');
        const inside = number(b) >= first && number(b) < first + size;
        expect(new AddressRanges([`${text}/${prefix}`]).has(b.join('.'))).toBe(inside);
      }),
    );
  });
});
