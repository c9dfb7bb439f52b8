import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate } from '#policy/decide.ts';
import { Refusal } from '#refusal/refusal.ts';
import { covers, coversHost, coversUri } from './covers.ts';
import { type NamedQuestion, named, under, verdict, wishing, withCsr } from './named.ts';

/** Short words of few letters, so that patterns and names meet. */
const word = (...letters: string[]) => fc.string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 4 });
const joined = (part: fc.Arbitrary<string>, by: string, maxLength = 4) =>
  fc.array(part, { minLength: 1, maxLength }).map((parts) => parts.join(by));
const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.uniqueArray(arbitrary, { minLength: 1, maxLength: 3 });
const many = (arbitrary: fc.Arbitrary<string>) => fc.array(arbitrary, { minLength: 12, maxLength: 12 });

/** Each name is given exactly where the slow reading of the patterns says so, and each answer was seen often. */
function agree(
  patterns: fc.Arbitrary<string>,
  names: fc.Arbitrary<string>,
  given: (patterns: string[], name: string) => boolean,
  covered: (patterns: string[], name: string) => boolean,
) {
  const seen = { yes: 0, no: 0 };
  fc.assert(
    fc.property(some(patterns), many(names), (listed, asked) => {
      for (const name of asked) {
        const answer = given(listed, name);
        seen[answer ? 'yes' : 'no']++;
        expect([listed, name, answer]).toEqual([listed, name, covered(listed, name)]);
      }
    }),
    { numRuns: 400 },
  );
  expect(Math.min(seen.yes, seen.no)).toBeGreaterThan(100);
}

const by = (
  spec: (patterns: string[]) => Readonly<Record<string, unknown>>,
  asked: (name: string) => NamedQuestion,
) => {
  const sets = new Map<string, ReturnType<typeof under>>();
  return (patterns: string[], name: string) => {
    const key = JSON.stringify(patterns);
    const set = sets.get(key) ?? under(spec(patterns));
    sets.set(key, set);
    return verdict(asked(name), set) === 'allowed';
  };
};

const hostPattern = fc.oneof(
  { weight: 1, arbitrary: fc.constant('*') },
  { weight: 9, arbitrary: joined(word('a', 'b', '*', '?'), '.', 3) },
);
const host = joined(word('a', 'b'), '.', 3);
const lower = (texts: string[]) => texts.map((text) => text.toLowerCase());

describe('no name is given that no pattern is for, and every other one is', () => {
  it('of hosts', () => {
    const names = fc.oneof(host, word('a', 'A', 'b', 'B'));
    agree(
      hostPattern,
      names,
      by(
        (patterns) => ({ sans: { dns: { mode: 'optional', patterns } } }),
        (name) => named({ dns: [name] }),
      ),
      (patterns, name) => coversHost(lower(patterns), name.toLowerCase()),
    );
  });

  it('of hosts behind a wildcard: all of them, or it is refused', () => {
    const pattern = fc.oneof(
      hostPattern,
      joined(word('a', 'b'), '.', 2).map((rest) => `*.${rest}`),
    );
    const names = joined(word('a', 'b'), '.', 2).map((rest) => `*.${rest}`);
    const wild = (wildcards: string) =>
      by(
        (patterns) => ({ sans: { dns: { mode: 'optional', patterns, wildcards } } }),
        (name) => named({ dns: [name] }),
      );
    const [allowed, rejected] = [wild('allow'), wild('reject')];
    const seen = { yes: 0, no: 0 };
    fc.assert(
      fc.property(some(pattern), many(names), (patterns, asked) => {
        for (const name of asked) {
          const answer = allowed(patterns, name);
          seen[answer ? 'yes' : 'no']++;
          if (answer) expect([patterns, name, coversHost(patterns, name)]).toEqual([patterns, name, true]);
          expect(rejected(patterns, name)).toBe(false);
        }
      }),
      { numRuns: 400 },
    );
    expect(Math.min(seen.yes, seen.no)).toBeGreaterThan(100);
  });

  it('of mailboxes', () => {
    const side = word('a', 'b', '.', '*', '?');
    agree(
      fc.oneof(
        { weight: 4, arbitrary: fc.tuple(side, side).map((sides) => sides.join('@')) },
        { weight: 1, arbitrary: side },
      ),
      fc.tuple(word('a', 'b', '.'), word('a', 'b', '.')).map((sides) => sides.join('@')),
      by(
        (patterns) => ({ sans: { email: { mode: 'optional', patterns } } }),
        (name) => named({ emails: [name] }),
      ),
      (patterns, name) => patterns.some((pattern) => covers(pattern, name, '@')),
    );
  });

  it('of URIs', () => {
    const scheme = fc.constantFrom('x:', 'X:', 'x://', 'y:');
    const rest = (...letters: string[]) => word('a', '.', '/', ...letters);
    agree(
      fc.tuple(scheme, rest('*', '?', '*')).map((parts) => parts.join('')),
      fc.tuple(scheme, rest('?', '#', 'b')).map((parts) => parts.join('')),
      by(
        (patterns) => ({ sans: { uri: { mode: 'optional', patterns } } }),
        (name) => named({ uris: [name] }),
      ),
      (patterns, name) => patterns.some((pattern) => coversUri(pattern, name)),
    );
  });

  it('of common names and organizations', () => {
    const text = word('a', 'B', ' ', '.');
    agree(
      word('a', 'B', ' ', '.', '*', '?'),
      text,
      by(
        (commonNames) => ({ subject: { mode: 'optional', commonNames } }),
        (commonName) => named({ commonName }),
      ),
      (patterns, name) => coversHost(patterns, name),
    );
    agree(
      word('a', 'B', ' ', '.', '*', '?'),
      text,
      by(
        (organizations) => ({ subject: { mode: 'optional', commonNames: ['*'], organizations } }),
        (organization) => named({ organization }),
      ),
      (patterns, name) => patterns.some((pattern) => covers(pattern, name, '')),
    );
  });
});

const uses = ['digitalSignature', 'keyEncipherment', 'dataEncipherment', 'keyCertSign', 'cRLSign'] as const;
const purposes = ['serverAuth', 'clientAuth', 'codeSigning', 'anyExtendedKeyUsage'] as const;
const kinds = [['end-entity'], ['ca'], ['end-entity', 'ca']] as const;
const broadly = fc.constant(['*']);

const anyPolicy = fc.record(
  {
    kinds: fc.constantFrom(...kinds),
    dns: fc.record({
      mode: fc.constantFrom('optional', 'required'),
      patterns: fc.oneof(broadly, some(hostPattern)),
      wildcards: fc.constantFrom('allow', 'reject'),
    }),
    subject: fc.record({
      mode: fc.constantFrom('optional', 'required'),
      commonNames: fc.oneof(broadly, some(hostPattern)),
    }),
    keyUsage: fc.oneof(fc.constant([...uses]), fc.subarray([...uses], { minLength: 1 })),
    extendedKeyUsage: fc.oneof(fc.constant([...purposes]), fc.subarray([...purposes], { minLength: 1 })),
  },
  { requiredKeys: ['kinds'] },
);

const anyRequest = fc
  .record({
    kind: fc.constantFrom('end-entity', 'ca'),
    dns: fc.array(
      fc.oneof(
        host,
        joined(word('a', 'b'), '.', 2).map((rest) => `*.${rest}`),
      ),
      { maxLength: 2 },
    ),
    commonName: fc.option(host, { nil: undefined }),
    keyUsage: fc.oneof(fc.constantFrom([], [uses[0]], [uses[3]], [uses[3], uses[4]]), fc.subarray([...uses])),
    extendedKeyUsage: fc.subarray([...purposes], { maxLength: 2 }),
    asked: fc.option(fc.nat(3), { nil: undefined }),
    room: fc.option(fc.nat(3), { nil: undefined }),
  })
  .map(({ kind, dns, commonName, keyUsage, extendedKeyUsage, asked, room }) => {
    const issuer = room === undefined ? {} : { issuer: { pathLength: room } };
    const request = named({ kind, dns, ...(commonName !== undefined && { commonName }), ...issuer });
    const basicConstraints = asked === undefined ? undefined : { ca: kind === 'ca', pathLength: asked };
    return wishing(withCsr(request, { basicConstraints }), { keyUsage, extendedKeyUsage });
  });

describe('the floor below certificates that name what their request names', () => {
  it('P-47: whatever is permitted, under any policy, is listed by it and sound', () => {
    const permits = { 'end-entity': 0, ca: 0 };
    fc.assert(
      fc.property(anyPolicy, anyRequest, ({ kinds: matching, dns, subject, ...certificate }, request) => {
        const set = under({ sans: { dns }, subject, certificate }, { kinds: matching });
        const terms = evaluate(request, set);
        if (terms instanceof Refusal) return;
        if (terms.kind === 'svid') throw new Error('nobody asked for an SVID');
        permits[terms.kind]++;
        expect(matching).toContain(terms.kind);
        for (const { value } of request.csr.sans) expect(coversHost(dns?.patterns ?? [], value)).toBe(true);
        const { commonName } = request.csr.subject;
        if (commonName !== undefined) expect(coversHost(subject?.commonNames ?? [], commonName)).toBe(true);
        const { keyUsage = uses, extendedKeyUsage = purposes } = certificate;
        expect(keyUsage).toEqual(expect.arrayContaining([...terms.keyUsage]));
        expect(extendedKeyUsage).toEqual(expect.arrayContaining([...terms.extendedKeyUsage]));
        const signs = terms.keyUsage.includes('keyCertSign');
        if (signs) expect(terms.kind).toBe('ca');
        if (terms.kind === 'ca') expect(terms.keyUsage.length).toBeGreaterThan(0);
        expect(terms.keyUsage.length + terms.extendedKeyUsage.length).toBeGreaterThan(0);
        expect(terms.pathLength).toBe(signs ? 0 : undefined);
        if (terms.kind === 'ca') expect(request.issuer.pathLength).not.toBe(0);
        expect(terms.csrSha256).toBe(request.csr.sha256);
      }),
      { numRuns: 4000 },
    );

    expect(Math.min(permits['end-entity'], permits.ca)).toBeGreaterThan(20);
  }, 120_000);
});
