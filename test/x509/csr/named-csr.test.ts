import { describe, expect, it } from 'vitest';
import { Refusal } from '#refusal/refusal.ts';
import { type CertificateKind, certificateKinds } from '#x509/certificate-kind.ts';
import { VerifiedCsr } from '#x509/csr/verified-csr.ts';
import { contextConstructed, contextPrimitive, tag } from '#x509/der/tags.ts';
import { bitString, boolean, element, integer, octetString, oid, sequence, text } from '#x509/der/writer.ts';
import { KeyStrength } from '#x509/keys/key-strength.ts';
import { toPem } from '#x509/pem.ts';
import {
  basicConstraints,
  buildCsr,
  type CsrParts,
  commonName,
  dns,
  extendedKeyUsage,
  extension,
  keyUsage,
  name,
  rdn,
  san,
  uri,
} from './build.ts';
import { literalSubject, namedRequests, otherName } from './named-requests.ts';

const checks = { keyStrength: new KeyStrength(), ownKeys: new Set<string>() };
const read = (der: Uint8Array, kind: CertificateKind) =>
  VerifiedCsr.read(toPem('CERTIFICATE REQUEST', der), checks, { on: 'loop', kind });

/** What each kind of certificate makes of one request: `taken`, or the code of the refusal. */
async function verdicts(parts: CsrParts): Promise<Record<CertificateKind, string>> {
  const der = buildCsr(parts);
  const verdict = (kind: CertificateKind) =>
    read(der, kind).then(
      () => 'taken',
      (thrown: unknown) => (thrown instanceof Refusal ? thrown.code : String(thrown)),
    );
  const [svid = '', entity = '', ca = ''] = await Promise.all(certificateKinds.map(verdict));
  return { svid, 'end-entity': entity, ca };
}

const upn = otherName('1.3.6.1.4.1.311.20.2.3', text(tag.utf8String, 'till@shop.example'));
const parts = (count: number) =>
  sequence(...Array.from({ length: count }, () => rdn(name('2.5.4.11', text(tag.utf8String, 'x')))));
const one = (type: string, value: Uint8Array) => sequence(rdn(name(type, value)));
const withNames = (...names: readonly Uint8Array[]) => ({ extensions: [san(...names)] });
const certSign = 1 << 5;
const permitting = (...names: readonly Uint8Array[]) =>
  extension('2.5.29.30', sequence(element(contextConstructed(0), ...names.map((name) => sequence(name)))), true);

const tlsFeature = '1.3.6.1.5.5.7.1.24';
const withFeatures = (...features: readonly Uint8Array[]) => ({
  extensions: [extension(tlsFeature, sequence(...features))],
});

/** By kind: SVID, end entity, CA. What is taken of a kind that cannot have it is left for policy to refuse. */
const rows: readonly [what: string, parts: CsrParts, verdicts: readonly [string, string, string]][] = [
  ['an otherName', withNames(upn), ['csr.san', 'taken', 'csr.san']],
  ['a registeredID', withNames(element(contextPrimitive(8), Uint8Array.of(0x2a))), ['csr.san', 'csr.san', 'csr.san']],
  ['a directoryName', withNames(element(contextConstructed(4), commonName('x'))), ['csr.san', 'csr.san', 'csr.san']],
  [
    'an otherName without a value',
    withNames(element(contextConstructed(0), oid('1.2.3'))),
    ['csr.san', 'csr.malformed', 'csr.san'],
  ],
  [
    'an otherName with two values',
    withNames(element(contextConstructed(0), oid('1.2.3'), element(contextConstructed(0), integer(1), integer(2)))),
    ['csr.san', 'csr.malformed', 'csr.san'],
  ],
  [
    'an otherName with an empty value',
    withNames(element(contextConstructed(0), oid('1.2.3'), element(contextConstructed(0)))),
    ['csr.san', 'csr.malformed', 'csr.san'],
  ],
  ['K-17: keyCertSign', { extensions: [keyUsage(certSign)] }, ['csr.extension', 'csr.extension', 'taken']],
  ['cRLSign', { extensions: [keyUsage(1 << 6)] }, ['csr.extension', 'csr.extension', 'taken']],
  [
    'no key usage, said so',
    { extensions: [extension('2.5.29.15', bitString(new Uint8Array()))] },
    ['csr.extension', 'csr.extension', 'csr.extension'],
  ],
  ['K-19: cA', { extensions: [basicConstraints(boolean(true))] }, ['csr.extension', 'csr.extension', 'taken']],
  [
    'K-19: cA with a path length',
    { extensions: [basicConstraints(boolean(true), integer(0))] },
    ['csr.extension', 'csr.extension', 'taken'],
  ],
  ['K-19: not cA', { extensions: [basicConstraints()] }, ['taken', 'taken', 'taken']],
  ['K-26: name constraints', { extensions: [permitting(dns('a'))] }, ['csr.extension', 'csr.extension', 'taken']],
  [
    'K-26: name constraints about URIs',
    { extensions: [permitting(dns('a'), uri('a.example'))] },
    ['csr.extension', 'csr.extension', 'csr.extension'],
  ],
  [
    'K-26: name constraints with no subtree',
    { extensions: [permitting()] },
    ['csr.extension', 'csr.extension', 'csr.extension'],
  ],
  [
    'K-26: name constraints of no form',
    { extensions: [permitting(dns('a..b'))] },
    ['csr.extension', 'csr.extension', 'csr.extension'],
  ],
  ['the TLS feature status_request', withFeatures(integer(5)), ['taken', 'taken', 'taken']],
  ['the TLS feature of another TLS extension', withFeatures(integer(17)), ['taken', 'csr.extension', 'taken']],
  ['two TLS features', withFeatures(integer(5), integer(17)), ['taken', 'csr.extension', 'taken']],
  ['a TLS feature twice', withFeatures(integer(5), integer(5)), ['taken', 'csr.extension', 'taken']],
  ['no TLS feature, said so', withFeatures(), ['taken', 'csr.extension', 'taken']],
  ['a TLS feature that is no number', withFeatures(boolean(true)), ['taken', 'csr.malformed', 'taken']],
  [
    'a critical TLS feature',
    { extensions: [extension(tlsFeature, sequence(integer(5)), true)] },
    ['csr.extension', 'csr.extension', 'csr.extension'],
  ],
  [
    'K-18: a purpose twice',
    { extensions: [extendedKeyUsage('1.2.3', '1.2.3')] },
    ['csr.extension', 'csr.extension', 'csr.extension'],
  ],
  [
    'a critical extension that nobody knows',
    { extensions: [extension('1.2.3', octetString(), true)] },
    ['csr.extension', 'csr.extension', 'csr.extension'],
  ],
  ['a subject of 9 parts', { subject: parts(9) }, ['csr.subject', 'taken', 'taken']],
  ['a subject of 32 parts', { subject: parts(32) }, ['csr.subject', 'taken', 'taken']],
  ['a subject of 33 parts', { subject: parts(33) }, ['csr.subject', 'csr.subject', 'csr.subject']],
  ['a subject in all kinds of strings', { subject: literalSubject }, ['csr.subject', 'taken', 'taken']],
  [
    'bits in the subject',
    { subject: one('2.5.4.45', bitString(Uint8Array.of(1))) },
    ['taken', 'csr.subject', 'csr.subject'],
  ],
  [
    'an organization in bits',
    { subject: one('2.5.4.10', bitString(Uint8Array.of(1))) },
    ['taken', 'csr.subject', 'csr.subject'],
  ],
  ['a number in the subject', { subject: one('2.5.4.5', integer(7)) }, ['csr.subject', 'csr.subject', 'csr.subject']],
  [
    'two common names',
    { subject: sequence(rdn(name('2.5.4.3', text(tag.utf8String, 'a')), name('2.5.4.3', text(tag.utf8String, 'b')))) },
    ['csr.subject', 'csr.subject', 'csr.subject'],
  ],
];

describe('a request read for a kind of certificate', () => {
  it.each(rows)('with %s', async (_, csr, [svid, entity, ca]) => {
    expect(await verdicts(csr)).toEqual({ svid, 'end-entity': entity, ca });
  });

  it('K-15: keeps subject and names as octets, and says every organization of a named one', async () => {
    const organizations = [
      name('2.5.4.10', text(tag.utf8String, 'Shöp')),
      name('2.5.4.10', text(tag.bmpString, '\0T\0i')),
    ];
    const subject = sequence(rdn(...organizations), rdn(name('2.5.4.10', text(tag.printableString, 'Bank'))));
    const der = buildCsr({ subject, extensions: [san(upn, uri('x:y'), dns('a.b'))] });
    const csr = await read(der, 'end-entity');
    expect(Buffer.from(csr.subject.der)).toEqual(Buffer.from(subject));
    expect(Buffer.from(csr.sanDer ?? [])).toEqual(Buffer.from(sequence(upn, uri('x:y'), dns('a.b'))));
    expect(csr.subject.organizations?.toSorted()).toEqual(['Bank', 'Shöp', 'Ti']);
    expect(csr.sans.map(({ kind, value }) => `${kind}:${value}`)).toEqual([
      'other:1.3.6.1.4.1.311.20.2.3',
      'uri:x:y',
      'dns:a.b',
    ]);
    expect((await read(buildCsr({ subject }), 'svid')).subject).not.toHaveProperty('organizations');
  });

  it.each(namedRequests())('takes "$name"', async ({ der, uses }) => {
    const csr = await read(der, uses.pathLength === undefined ? 'end-entity' : 'ca');
    expect(VerifiedCsr.isVerified(csr)).toBe(true);
  });
});
