import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Refusal } from '#refusal/refusal.ts';
import { istioId, parseIstioId, parseSpiffeId, parseTrustDomain, trustDomainOf } from '#spiffe/spiffe-id.ts';

const accepts = (text: string): boolean => {
  try {
    return parseSpiffeId(text) === text;
  } catch (thrown) {
    if (thrown instanceof Refusal && thrown.code === 'identity.malformed') return false;
    throw thrown;
  }
};

/** The two alphabets, written out as the specification has them (SPIFFE-ID §2.1, §2.2). */
const lower = 'abcdefghijklmnopqrstuvwxyz';
const trustDomainBytes = new Set(`${lower}0123456789.-_`);
const pathBytes = new Set(`${lower}${lower.toUpperCase()}0123456789.-_`);
const everyByte = Array.from({ length: 256 }, (_, value) => String.fromCharCode(value));

describe('one byte of a SPIFFE ID', () => {
  it('P-34: in the trust domain, of all 256 values only a-z 0-9 . - _ are part of one', () => {
    for (const byte of everyByte) {
      // A slash ends the trust domain: what follows is path.
      const want = trustDomainBytes.has(byte) || byte === '/';
      expect([byte, accepts(`spiffe://trust${byte}domain/path`)]).toEqual([byte, want]);
      expect([byte, accepts(`spiffe://${byte}/path`)]).toEqual([byte, trustDomainBytes.has(byte)]);
    }
  });

  it('P-34: in the path, of all 256 values only A-Z a-z 0-9 . - _ are part of a segment', () => {
    for (const byte of everyByte) {
      const want = pathBytes.has(byte) || byte === '/';
      expect([byte, accepts(`spiffe://trustdomain/pa${byte}th`)]).toEqual([byte, want]);
      expect([byte, accepts(`spiffe://trustdomain/${byte}`)]).toEqual([byte, pathBytes.has(byte) && byte !== '.']);
    }
  });
});

const longTrustDomain = (length: number) => `spiffe://${'a'.repeat(length)}/p`;
const longId = (length: number) => `spiffe://td/${'a'.repeat(length - 'spiffe://td/'.length)}`;

const valid: readonly string[] = [
  'spiffe://cluster.local/ns/demo/sa/web',
  'spiffe://td/a',
  'spiffe://td/...',
  'spiffe://td/.a',
  'spiffe://td/..a',
  'spiffe://td/a..',
  'spiffe://td/A/b/C',
  'spiffe://1.2.3.4/service',
  'spiffe://1.2.3.4.5/service',
  'spiffe://under_score/a',
  'spiffe://..td/a',
  longTrustDomain(255),
  longId(2048),
];

const invalid: readonly [why: string, text: string][] = [
  ['nothing at all', ''],
  ['an upper-case scheme', 'SPIFFE://td/a'],
  ['a scheme with one upper-case letter', 'Spiffe://td/a'],
  ['an upper-case trust domain', 'spiffe://TD/a'],
  ['another scheme', 'https://td/a'],
  ['one slash', 'spiffe:/td/a'],
  ['no slash', 'spiffe:td/a'],
  ['no scheme', '//td/a'],
  ['an empty trust domain', 'spiffe:///a'],
  ['no path', 'spiffe://td'],
  ['an empty path', 'spiffe://td/'],
  ['an empty segment', 'spiffe://td/a//b'],
  ['a trailing slash', 'spiffe://td/a/'],
  ['a dot segment', 'spiffe://td/./a'],
  ['a dot segment at the end', 'spiffe://td/a/.'],
  ['a double-dot segment', 'spiffe://td/a/../b'],
  ['a double-dot segment at the end', 'spiffe://td/a/..'],
  ['percent-encoding', 'spiffe://td/%61'],
  ['percent-encoding in the trust domain', 'spiffe://t%64/a'],
  ['a query', 'spiffe://td/a?b'],
  ['a fragment', 'spiffe://td/a#b'],
  ['user info', 'spiffe://user@td/a'],
  ['a port', 'spiffe://td:80/a'],
  ['an IPv6 address', 'spiffe://[::1]/a'],
  ['a leading space', ' spiffe://td/a'],
  ['a trailing space', 'spiffe://td/a '],
  ['a tab', 'spiffe://t\td/a'],
  ['a newline at the end', 'spiffe://td/a\n'],
  ['a NUL', 'spiffe://td/a\0b'],
  ['a Cyrillic look-alike', 'spiffe://td/ns/dеmo/sa/web'],
  ['a full-width look-alike', 'spiffe://td/ns/ｄemo/sa/web'],
  ['a letter that lower-cases to ASCII', 'spiffe://\u212Aey/a'],
  ['a trust domain of 256 bytes', longTrustDomain(256)],
  ['an ID of 2049 bytes', longId(2049)],
];

describe('a SPIFFE ID', () => {
  it.each(valid)('%s is one, and stays as it is written', (text) => expect(accepts(text)).toBe(true));
  it.each(invalid)('is refused for %s', (_, text) => expect(accepts(text)).toBe(false));

  it('that is accepted is what the grammar says, for any text near one', () => {
    const grammar = /^spiffe:\/\/([a-z0-9._-]{1,255})((?:\/[A-Za-z0-9._-]+)+)$/;
    const near = fc
      .array(
        fc.constantFrom('spiffe://', 'td', '/', 'a', 'A', '.', '..', '-', '_', '%2e', ' ', '\0', 'é', ':', '@', '?'),
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(
        fc.oneof(
          near,
          near.map((rest) => `spiffe://td/${rest}`),
        ),
        (text) => {
          const path = grammar.exec(text)?.[2];
          const want = path !== undefined && !path.split('/').some((segment) => segment === '.' || segment === '..');
          return accepts(text) === want;
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('never makes a typed refusal of anything but identity.malformed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => [true, false].includes(accepts(text))),
    );
  });
});

describe('a trust domain', () => {
  it('is read out of an ID as it stands there', () => {
    expect(trustDomainOf(parseSpiffeId('spiffe://prod.example/ns/a/sa/b'))).toBe('prod.example');
  });

  it.each(['', 'a/b', 'A', 'td:80', 'a b', 'a'.repeat(256)])('%j is none', (text) => {
    expect(() => parseTrustDomain(text)).toThrow(Refusal);
  });
});

describe("an identity in Istio's form", () => {
  const trustDomain = parseTrustDomain('cluster.local');

  it('is made of a namespace and a service account', () => {
    expect(istioId(trustDomain, 'demo', 'my.web-1')).toBe('spiffe://cluster.local/ns/demo/sa/my.web-1');
  });

  it.each([
    ['a namespace that writes a path of its own', 'demo/sa/admin/x', 'web'],
    ['an empty namespace', '', 'web'],
    ['a namespace with a dot', 'a.b', 'web'],
    ['a namespace of 64 characters', 'a'.repeat(64), 'web'],
    ['an upper-case namespace', 'Demo', 'web'],
    ['an empty service account', 'demo', ''],
    ['a service account with a slash', 'demo', 'web/x'],
    ['a service account that is a dot segment', 'demo', '..'],
    ['a service account of 254 characters', 'demo', 'a'.repeat(254)],
  ])('is refused for %s', (_, namespace, serviceAccount) => {
    expect(() => istioId(trustDomain, namespace, serviceAccount)).toThrow(Refusal);
  });

  it('is answered at once for a name made to be slow', () => {
    expect(() => istioId(trustDomain, 'demo', `${'a-'.repeat(126)}!`)).toThrow(Refusal);
  });
});

describe('an identity of the form that Istio uses', () => {
  const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
  const part = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
  const piece = fc.constantFrom('demo', 'web', 'my.web-1', 'a-', '-a', 'A', 'a_b', '', '.', 'ns', 'sa', 'x'.repeat(64));

  it('is read as its three parts, and nothing but what istioId writes is one', () => {
    const text = fc
      .tuple(
        fc.constantFrom('cluster.local', 'UPPER', ''),
        piece,
        piece,
        piece,
        piece,
        fc.constantFrom('', '/', '/more'),
      )
      .map(([td, ns, namespace, sa, account, rest]) => `spiffe://${td}/${ns}/${namespace}/${sa}/${account}${rest}`);
    const good = fc.tuple(piece, piece).map(([ns, sa]) => `spiffe://cluster.local/ns/${ns}/sa/${sa}`);
    fc.assert(
      fc.property(fc.oneof(text, good, fc.string()), (given) => {
        const [, namespace = '', serviceAccount = ''] =
          /^spiffe:\/\/cluster\.local\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(given) ?? [];
        if (label.test(namespace) && serviceAccount.split('.').every((each) => part.test(each))) {
          expect(parseIstioId(given)).toEqual({ trustDomain: 'cluster.local', namespace, serviceAccount });
        } else {
          expect(() => parseIstioId(given)).toThrow(Refusal);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
