import { describe, expect, it } from 'vitest';
import { DocumentError } from '#document/problem.ts';
import { provenPolicySet } from '#policy/load.ts';
import { noon } from './sidecar.ts';

const head = `apiVersion: countersign.dev/v1
kind: IssuancePolicy
metadata: { name: plain }
spec:
  priority: 100
  effect: allow
  key: { allow: [ec:P-256] }
  validity: { default: 1h, max: 4h }
`;

/** What loading says of the file with these lines at its end: they begin on line 9. */
function complaint(...lines: readonly string[]): string {
  try {
    provenPolicySet([{ file: 'p.yaml', text: `${head}${lines.map((line) => `  ${line}\n`).join('')}` }], noon);
  } catch (thrown) {
    if (thrown instanceof DocumentError) return thrown.message;
    throw thrown;
  }
  return 'loaded';
}

const endEntity = 'match: { kinds: [end-entity] }';
const cas = 'match: { kinds: [ca] }';
const elsewhere = 'is for certificates that name what their request names';

describe('a policy for SVIDs', () => {
  it.each([
    ['subject: { mode: optional }', 'p.yaml:9:12: spec.subject: is for certificates that name'],
    ['certificate: { pathLength: 0 }', `spec.certificate.pathLength: ${elsewhere}`],
    ['certificate: { tlsFeature: copy }', `spec.certificate.tlsFeature: ${elsewhere}`],
    ['sans: { uri: { mode: optional, patterns: ["x:*"] } }', `spec.sans.uri.patterns: ${elsewhere}`],
    ['sans: { dns: { mode: forbidden, patterns: ["a"] } }', `spec.sans.dns.patterns: ${elsewhere}`],
    ['sans: { dns: { mode: ignored, wildcards: allow } }', `spec.sans.dns.wildcards: ${elsewhere}`],
    ['sans: { ip: { mode: optional } }', `spec.sans.ip.mode: ${elsewhere}`],
    ['sans: { email: { mode: required } }', `spec.sans.email.mode: ${elsewhere}`],
    ['sans: { other: { mode: optional, patterns: ["1.2"] } }', `spec.sans.other.patterns: ${elsewhere}`],
    [
      'certificate: { keyUsage: [digitalSignature, keyAgreement] }',
      'spec.certificate.keyUsage: an SVID has digitalSignature',
    ],
    ['certificate: { extendedKeyUsage: [serverAuth] }', 'spec.certificate.extendedKeyUsage: an SVID serves both ends'],
    [
      'certificate: { extendedKeyUsage: [serverAuth, clientAuth, codeSigning] }',
      'spec.certificate.extendedKeyUsage: an SVID',
    ],
  ])('cannot say %s', (line, message) => {
    expect(complaint(line)).toContain(message);
    expect(complaint('match: { kinds: [svid] }', line)).toContain(message.replace(':9:', ':10:'));
  });

  it.each([
    'sans: { uri: { mode: required, max: 1 }, dns: { mode: forbidden } }',
    'certificate: { keyUsage: [digitalSignature] }',
  ])('can say %s', (line) => expect(complaint(line)).toBe('loaded'));
});

describe('a policy for certificates that name what their request names', () => {
  it.each([
    ['identity: { patterns: ["spiffe://td/a"] }', 'p.yaml:10:13: spec.identity: is for SVIDs alone; leave it out'],
    ['csr: { subject: reject }', 'p.yaml:10:19: spec.csr.subject: is for SVIDs alone; use "subject"'],
    [
      'csr: { unlistedExtensions: reject }',
      'p.yaml:10:30: spec.csr.unlistedExtensions: is for SVIDs alone; what is not given',
    ],
    [
      'certificate: { keyEncipherment: always }',
      'p.yaml:10:35: spec.certificate.keyEncipherment: is for SVIDs alone; use "keyUsage"',
    ],
    ['certificate: { pathLength: 1 }', 'p.yaml:10:30: spec.certificate.pathLength: only a CA has it'],
    [
      'sans: { uri: { mode: optional, max: 1, patterns: ["x:*"] } }',
      'p.yaml:10:39: spec.sans.uri.max: is for SVIDs alone',
    ],
    [
      'sans: { uri: { mode: ignored } }',
      'p.yaml:10:24: spec.sans.uri.mode: names of the CSR become names of the certificate',
    ],
    ['sans: { dns: { mode: ignored } }', 'spec.sans.dns.mode: names of the CSR become names of the certificate'],
    ['sans: { dns: { mode: optional } }', 'p.yaml:10:16: spec.sans.dns: say which names in "patterns"'],
    ['sans: { other: { mode: required } }', 'p.yaml:10:18: spec.sans.other: say which names in "patterns"'],
    [
      'sans: { dns: { mode: forbidden, patterns: ["a.b"] } }',
      'p.yaml:10:45: spec.sans.dns.patterns: names of a kind that is forbidden',
    ],
    ['subject: { mode: optional }', 'p.yaml:10:12: spec.subject: say which common names in "commonNames"'],
    [
      'subject: { mode: forbidden, commonNames: ["a"] }',
      'p.yaml:10:44: spec.subject.commonNames: a subject that is forbidden has none',
    ],
    [
      'subject: { mode: forbidden, organizations: ["a"] }',
      'spec.subject.organizations: a subject that is forbidden has none',
    ],
    [
      'sans: { ip: { mode: optional, patterns: [10.0.0.0/8, 10.0.0.1/8] } }',
      'p.yaml:10:56: spec.sans.ip.patterns[1]: "10.0.0.1/8" has bits set beyond its first 8',
    ],
    [
      'sans: { ip: { mode: optional, patterns: ["::ffff:0:0/96"] } }',
      'spec.sans.ip.patterns[0]: "::ffff:0:0/96" is an IPv4 network: write it so',
    ],
    [
      'sans: { ip: { mode: optional, patterns: ["300.0.0.0/8"] } }',
      'spec.sans.ip.patterns[0]: "300.0.0.0/8" is not a network',
    ],
    ['sans: { ip: { mode: optional, patterns: [10.0.0.1] } }', '"10.0.0.1" is not a network'],
    ['sans: { dns: { mode: optional, patterns: ["a_b.example"] } }', '"a_b.example" is not a pattern of DNS names'],
    ['sans: { other: { mode: optional, patterns: ["upn"] } }', '"upn" is not the type of an otherName, dotted'],
    ['sans: { uri: { mode: optional, patterns: ["//shop.example/"] } }', '"//shop.example/" is not a pattern of URIs'],
    [
      'certificate: { keyUsage: [cert sign] }',
      'spec.certificate.keyUsage[0]: "cert sign" is not one of: digitalSignature, ',
    ],
    [
      'certificate: { extendedKeyUsage: [server auth] }',
      '"server auth" is not one of: anyExtendedKeyUsage, serverAuth',
    ],
  ])('cannot say %s', (line, message) => expect(complaint(endEntity, line)).toContain(message));

  it.each([
    [
      'match: { kinds: [svid, end-entity] }',
      'p.yaml:9:19: spec.match.kinds: an SVID names its caller, the other kinds what their request names',
    ],
    ['match: { kinds: [svid, ca] }', 'spec.match.kinds: an SVID names its caller'],
    ['match: { kinds: [] }', 'spec.match.kinds'],
    ['match: { kinds: [leaf] }', 'spec.match.kinds[0]: "leaf" is not one of: svid, end-entity, ca'],
    ['match: { issuerRefs: [mesh] }', 'spec.match.issuerRefs[0]: "mesh" is not an issuer that requests name'],
    [
      'match: { issuerRefs: [issuers/mesh] }',
      'spec.match.issuerRefs[0]: "issuers/mesh" is not an issuer that requests name',
    ],
  ])('is not about %s', (line, message) => expect(complaint(line)).toContain(message));

  it('says all that is wrong with it at once', () => {
    const found = complaint(
      endEntity,
      'identity: { patterns: ["spiffe://td/a"] }',
      'sans: { dns: { mode: optional } }',
    );
    expect(found).toMatch(/^p\.yaml:10:13: .*\np\.yaml:11:16: /);
  });

  it.each([
    [endEntity, 'subject: { mode: optional, commonNames: ["*.shop.example"], organizations: [Shop Inc.] }'],
    [
      endEntity,
      'sans: { dns: { mode: required, patterns: ["*.shop.example"], wildcards: allow }, ip: { mode: forbidden } }',
    ],
    [
      endEntity,
      'sans: { ip: { mode: optional, patterns: [0.0.0.0/0, "::/0"] }, email: { mode: optional, patterns: ["*"] } }',
    ],
    [endEntity, 'certificate: { tlsFeature: copy }'],
    [cas, 'certificate: { pathLength: 2, keyUsage: [keyCertSign, cRLSign] }'],
    [
      'match: { kinds: [ca, end-entity], users: [alice], groups: ["*"], issuerRefs: ["issuers/*/*"] }',
      'certificate: { pathLength: 0 }',
    ],
  ])('%s can say %s', (match, line) => expect(complaint(match, line)).toBe('loaded'));
});
