import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { judge, type LimboCase, limboCases } from './limbo.ts';

/** Verdicts of our own checker for the cases that a clone carries: not only whether, but why. */
const carried: Record<string, string> = {
  'rfc5280::validity::notafter-exact': 'good',
  'rfc5280::validity::expired-intermediate': 'expired',
  'rfc5280::aki::leaf-missing-aki': 'extension',
  'rfc5280::nc::permitted-dns-match': 'good',
  'rfc5280::nc::excluded-ipv4-match': 'name-constraints',
  'rfc5280::nc::permitted-dn-match-subject-san-mismatch': 'name-constraints',
  'rfc5280::nc::nc-permits-email-domain': 'good',
  'rfc5280::nc::nc-forbids-othername': 'name-constraints',
  'rfc5280::san::noncritical-with-empty-subject': 'extension',
  'rfc5280::unknown-critical-extension-intermediate': 'critical-extension',
  'rfc5280::intermediate-ca-without-ca-bit': 'not-ca',
  'rfc5280::ca-as-leaf': 'good',
  'rfc5280::duplicate-extensions': 'unreadable: extensions: 2.5.29.17 stands there twice',
  'rfc5280::root-and-intermediate-swapped': 'good',
  'pathlen::intermediate-violates-pathlen-0': 'path-length',
  'pathlen::self-issued-certs-pathlen': 'good',
  'invalid::invalid-issuer-key': 'key',
  'crl::revoked-certificate-with-crl': 'revoked',
  'crl::issuer-missing-crlsign': 'crl',
  'crl::certificate-serial-on-crl-different-issuer': 'good',
};

const agrees = (each: LimboCase) => (judge(each) === 'good') === (each.expected_result === 'SUCCESS');

describe('x509-limbo, the cases that a clone carries', () => {
  const cases = limboCases(join(import.meta.dirname, 'limbo-cases.json'));

  it('are all there', () => {
    expect(cases.map(({ id }) => id).toSorted()).toEqual(Object.keys(carried).toSorted());
  });

  it.each(cases)('P-17: $id is a $expected_result, for the right reason', (each) => {
    expect(judge(each)).toBe(carried[each.id]);
    expect(agrees(each)).toBe(true);
  });
});

/** Id → why the checker of issuer imports does not decide it. */
const notOurs: Record<string, string> = {
  'rfc5280::ca-as-leaf-wrong-san': 'the chain is right; that it names another host is for a TLS client to see',
};

describeWith(['shared-vectors'], 'x509-limbo, whole subsets', (path) => {
  const all = limboCases(join(path('shared-vectors'), 'limbo.json'));
  const subset = all.filter(({ id }) => /^(rfc5280|pathlen|invalid|crl|pathological)::/.test(id));

  it('P-17: there are as many cases as expected', () => {
    expect(subset).toHaveLength(135);
  });

  it.each(subset.filter(({ id }) => !(id in notOurs)))('P-17: $id is a $expected_result', (each) => {
    expect(agrees(each)).toBe(true);
  });

  it.each(Object.entries(notOurs))('P-17: %s is left to others: %s', (id) => {
    expect(subset.filter((each) => each.id === id && agrees(each))).toEqual([]);
  });
});
