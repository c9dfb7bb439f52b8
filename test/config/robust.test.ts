import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { parseConfig } from '#config/load.ts';
import { DocumentError } from '#document/problem.ts';
import { changed, minimal } from './minimal.ts';

const whole = `${changed('  - clientCertificate: {}', '  - oidc: { issuer: i, audiences: [a], jwks: { url: "https://k/" }, identity: "spiffe://cluster.local/ns/{a}" }')}
istio: { listen: "[::1]:1", serving: { dnsNames: [a], ipAddresses: ["::1"] }, limits: { callTimeout: 5s } }
telemetry: { tracing: { otlp: { endpoint: "http://c/" } } }
`;

/** Accepted, or refused with a place for each reason; anything else is a fault of ours. */
function judge(text: string): 'accepted' | 'refused' {
  try {
    parseConfig(text, '/etc/server.yaml');
    return 'accepted';
  } catch (thrown) {
    if (!(thrown instanceof DocumentError)) throw thrown;
    expect(thrown.problems.length).toBeGreaterThan(0);
    for (const { line, column, message } of thrown.problems) {
      expect(line).toBeGreaterThan(0);
      expect(column).toBeGreaterThan(0);
      expect(message).not.toBe('');
    }
    return 'refused';
  }
}

/** Every place in a document, as the keys that lead there. */
function places(value: unknown, here: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [here];
  return [here, ...Object.entries(value).flatMap(([key, inner]) => places(inner, [...here, key]))];
}

/** A copy with what stands at `place` exchanged. */
function exchanged(value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown {
  if (key === undefined) return by;
  if (Array.isArray(value)) return value.map((item, at) => (String(at) === key ? exchanged(item, rest, by) : item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, name === key ? exchanged(item, rest, by) : item]),
  );
}

it('the two configurations that are mutated below are good', () => {
  expect([minimal, whole].map(judge)).toEqual(['accepted', 'accepted']);
});

it('a configuration with anything anywhere is accepted or refused with a place, and never breaks the reader', () => {
  const tree: unknown = parse(whole);
  const strange = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(
      '',
      ' ',
      '0',
      '10s',
      '-1s',
      '1e9s',
      '99999999999d',
      'spiffe://',
      'http://[',
      '[::]:99999',
      'pkcs11:',
      '../..',
      '\0',
      '{}',
      0.5,
      -0,
      1e308,
      [],
      {},
      [[]],
      null,
    ),
  );
  const seen = { accepted: 0, refused: 0 };
  fc.assert(
    fc.property(fc.constantFrom(...places(tree)), strange, (place, value) => {
      seen[judge(stringify(exchanged(tree, place, value)))]++;
    }),
    { numRuns: 1_000 },
  );
  expect(seen.refused).toBeGreaterThan(500);
  expect(seen.accepted).toBeGreaterThan(10);
});

it('a text cut or spoiled anywhere does not break the reader', () => {
  const cut = fc.tuple(fc.nat(whole.length), fc.string({ unit: 'binary', maxLength: 3 }), fc.nat(20));
  fc.assert(
    fc.property(cut, ([at, piece, skipped]) => {
      judge(whole.slice(0, at) + piece + whole.slice(at + skipped));
    }),
    { numRuns: 500 },
  );
});
