import { contextConstructed, tag } from '#x509/der/tags.ts';
import { bitString, element, explicit, integer, nothing, oid, sequence, setOf, text } from '#x509/der/writer.ts';
import {
  attribute,
  basicConstraints,
  buildCsr,
  challengePassword,
  ecKey,
  ed25519Key,
  extension,
  extensionRequest,
  id,
  joined,
  longForm,
  name,
  raw,
  rdn,
  rsaKey,
  san,
  spkiOf,
  standardKey,
  uri,
} from './build.ts';
import type { Invalid } from './generate.ts';

const unknown = '1.3.6.1.4.1.99999.1';
const malformed = (item: string, what: string, input: Uint8Array): Invalid => ({
  row: `der.${item}`,
  code: 'csr.malformed',
  name: what,
  input,
});
/** A well-signed request with one unknown attribute whose value is `value`: a place for any DER or none. */
const holding = (value: Uint8Array) => buildCsr({ attributes: [sequence(oid(unknown), element(tag.set, value))] });
const content = (der: Uint8Array) => der.subarray(4);

/** Row "DER". */
export function invalidDer(): readonly Invalid[] {
  const good = buildCsr({ key: rsaKey(2048) });
  const nested = (depth: number): Uint8Array => (depth === 0 ? integer(1) : sequence(nested(depth - 1)));
  const one = name('2.5.4.10', text(tag.utf8String, 'one'));
  const two = name('2.5.4.11', text(tag.utf8String, 'two'));
  return [
    malformed('indefinite-length', 'outer SEQUENCE', joined(raw('3080'), content(good), raw('0000'))),
    malformed('indefinite-length', 'inside an attribute', holding(raw('3080 020101 0000'))),
    malformed('non-minimal-length', 'outer SEQUENCE in three octets', longForm(tag.sequence, content(good), 3)),
    malformed('non-minimal-length', 'long form below 128', holding(longForm(tag.integer, raw('01'), 1))),
    malformed(
      'non-minimal-length',
      'the SubjectPublicKeyInfo',
      buildCsr({ spki: longForm(tag.sequence, spkiOf(standardKey()).subarray(2), 1) }),
    ),
    malformed('non-minimal-length', 'a length of five octets', longForm(tag.sequence, content(good), 5)),
    malformed('non-minimal-length', 'the reserved length octet ff', joined(raw('30ff'), content(good))),
    malformed('trailing', 'one octet after the request', joined(good, raw('00'))),
    malformed('trailing', 'a second request after it', joined(good, good)),
    malformed('trailing', 'an element after the signature', buildCsr({ more: raw('0500') })),
    malformed(
      'trailing',
      'an element after the attributes',
      buildCsr({ rawAttributes: joined(explicit(0), raw('0500')) }),
    ),
    malformed(
      'trailing',
      'an element after an attribute’s values',
      buildCsr({ attributes: [sequence(oid(unknown), setOf(integer(1)), integer(2))] }),
    ),
    malformed(
      'trailing',
      'octets after a GeneralNames',
      buildCsr({ extensions: [extension('2.5.29.17', joined(sequence(uri(id)), raw('00')))] }),
    ),
    malformed(
      'trailing',
      'octets after a keyUsage',
      buildCsr({ extensions: [extension('2.5.29.15', raw('03020780 00'))] }),
    ),
    malformed('cut-off', 'half of it', good.subarray(0, good.length >> 1)),
    malformed('cut-off', 'one octet short', good.subarray(0, -1)),
    malformed('cut-off', 'two octets of it', good.subarray(0, 2)),
    malformed('cut-off', 'a length beyond the parent', holding(raw('0405 00'))),
    malformed('constructed-string', 'OCTET STRING', holding(element(0x24, element(tag.octetString, raw('00'))))),
    malformed(
      'constructed-string',
      'UTF8String in the subject',
      buildCsr({ subject: sequence(rdn(name('2.5.4.10', element(0x2c, text(tag.utf8String, 'a'))))) }),
    ),
    malformed(
      'constructed-string',
      'BIT STRING signature',
      buildCsr({ signature: (o) => element(0x23, bitString(o)) }),
    ),
    malformed('constructed-string', 'a primitive SEQUENCE', holding(raw('1000'))),
    malformed(
      'boolean',
      'critical as 01',
      buildCsr({
        extensions: [sequence(oid('2.5.29.17'), raw('010101'), element(tag.octetString, sequence(uri(id))))],
      }),
    ),
    malformed(
      'boolean',
      'critical written as FALSE',
      buildCsr({
        extensions: [sequence(oid('2.5.29.17'), raw('010100'), element(tag.octetString, sequence(uri(id))))],
      }),
    ),
    malformed('boolean', 'two octets', holding(raw('0102ffff'))),
    malformed('boolean', 'cA written as FALSE', buildCsr({ extensions: [basicConstraints(raw('010100'))] })),
    malformed('integer', 'version with a leading zero', buildCsr({ version: raw('02020000') })),
    malformed('integer', 'version without content', buildCsr({ version: raw('0200') })),
    malformed('integer', 'a needless ff', holding(raw('0202ffff'))),
    malformed('set-order', 'two attributes of one RDN', buildCsr({ subject: sequence(element(tag.set, two, one)) })),
    malformed(
      'set-order',
      'two attributes',
      buildCsr({
        rawAttributes: element(
          contextConstructed(0),
          ...[extensionRequest([san(uri(id))]), challengePassword()].toSorted(Buffer.compare).toReversed(),
        ),
      }),
    ),
    malformed(
      'set-order',
      'values of an attribute',
      buildCsr({ attributes: [sequence(oid(unknown), element(tag.set, integer(2), integer(1)))] }),
    ),
    malformed(
      'bit-string',
      'signature with unused bits',
      buildCsr({ signature: (o) => element(tag.bitString, raw('01'), o.subarray(0, -1), raw('00')) }),
    ),
    malformed(
      'bit-string',
      'signature without the count of unused bits',
      buildCsr({ signature: () => element(tag.bitString) }),
    ),
    malformed(
      'bit-string',
      'keyUsage with padding bits set',
      buildCsr({ extensions: [extension('2.5.29.15', raw('03020781'))] }),
    ),
    malformed(
      'bit-string',
      'keyUsage with trailing zero bits',
      buildCsr({ extensions: [extension('2.5.29.15', raw('03020080'))] }),
    ),
    malformed('bit-string', 'eight unused bits', buildCsr({ extensions: [extension('2.5.29.15', raw('03020800'))] })),
    malformed('high-tag', 'an attribute value', holding(raw('1f8101 00'))),
    malformed('high-tag', 'in place of the attributes', buildCsr({ rawAttributes: raw('bf2000') })),
    malformed('oid', 'no arc at all', buildCsr({ attributes: [sequence(element(tag.oid), setOf(integer(1)))] })),
    malformed(
      'oid',
      'an arc that begins with 80',
      buildCsr({ attributes: [sequence(element(tag.oid, raw('2a8001')), setOf(integer(1)))] }),
    ),
    malformed(
      'oid',
      'an arc that does not end',
      buildCsr({ attributes: [sequence(element(tag.oid, raw('2a86')), setOf(integer(1)))] }),
    ),
    malformed('null', 'with content', holding(raw('050100'))),
    malformed(
      'string',
      'UTF8String that is not UTF-8',
      buildCsr({ subject: sequence(rdn(name('2.5.4.10', element(tag.utf8String, raw('c328'))))) }),
    ),
    malformed(
      'string',
      'overlong UTF-8',
      buildCsr({ subject: sequence(rdn(name('2.5.4.10', element(tag.utf8String, raw('c0af'))))) }),
    ),
    malformed(
      'string',
      'PrintableString with an underscore',
      buildCsr({ subject: sequence(rdn(name('2.5.4.10', text(tag.printableString, 'a_b')))) }),
    ),
    malformed(
      'string',
      'BMPString of odd length',
      buildCsr({ subject: sequence(rdn(name('2.5.4.10', element(tag.bmpString, raw('004100'))))) }),
    ),
    malformed('structure', 'an INTEGER', integer(1)),
    malformed('structure', 'an empty SEQUENCE', sequence()),
    malformed('structure', 'no attributes field', buildCsr({ rawAttributes: new Uint8Array(0) })),
    malformed('structure', 'an empty RDN', buildCsr({ subject: sequence(setOf()) })),
    malformed('structure', 'an end-of-contents element', holding(raw('0000'))),
    { row: 'limits.depth', code: 'csr.malformed', name: 'nested 20 deep', input: holding(nested(20)) },
    { row: 'limits.depth', code: 'csr.malformed', name: 'nested 1,500 deep', input: holding(nested(1500)) },
  ];
}

/** Row "request". */
export function invalidRequests(): readonly Invalid[] {
  const rsa = rsaKey(2048);
  const request = (item: string, code: string, what: string, input: Uint8Array): Invalid => ({
    row: `request.${item}`,
    code,
    name: what,
    input,
  });
  const algorithm = (what: string, key: typeof rsa, hex: string) =>
    request('algorithm', 'csr.algorithm', what, buildCsr({ key, algorithm: raw(hex) }));
  const parameters = (what: string, key: typeof rsa, hex: string) =>
    request('parameters', 'csr.algorithm', what, buildCsr({ key, algorithm: raw(hex) }));
  const ec = standardKey();
  return [
    request('version', 'csr.malformed', 'version 1', buildCsr({ version: integer(1) })),
    request('version', 'csr.malformed', 'version 2', buildCsr({ version: integer(2) })),
    request('version', 'csr.malformed', 'version -1', buildCsr({ version: raw('0201ff') })),
    request('version', 'csr.malformed', 'a version of five octets', buildCsr({ version: raw('02050100000000') })),
    request(
      'algorithm',
      'csr.algorithm',
      'RSA with SHA-1',
      buildCsr({ key: rsa, digest: 'sha1', algorithm: raw('300d06092a864886f70d0101050500') }),
    ),
    request(
      'algorithm',
      'csr.algorithm',
      'ECDSA with SHA-1',
      buildCsr({ digest: 'sha1', algorithm: raw('300906072a8648ce3d0401') }),
    ),
    request(
      'algorithm',
      'csr.algorithm',
      'ECDSA with SHA-224',
      buildCsr({ digest: 'sha224', algorithm: raw('300a06082a8648ce3d040301') }),
    ),
    algorithm('RSA with MD5', rsa, '300d06092a864886f70d0101040500'),
    algorithm('ECDSA with SHA3-256', ec, '300b060960864801650304030a'),
    algorithm('an OID that nobody knows', ec, '3006 0604 2a030405'),
    request(
      'mismatch',
      'csr.algorithm',
      'an RSA algorithm with an EC key',
      buildCsr({ algorithm: raw('300d06092a864886f70d01010b0500') }),
    ),
    request(
      'mismatch',
      'csr.algorithm',
      'an ECDSA algorithm with an RSA key',
      buildCsr({ key: rsa, algorithm: raw('300a06082a8648ce3d040302') }),
    ),
    request('mismatch', 'csr.algorithm', 'Ed25519 with an EC key', buildCsr({ algorithm: raw('300506032b6570') })),
    request(
      'mismatch',
      'csr.algorithm',
      'ECDSA with an Ed25519 key',
      buildCsr({ key: ed25519Key(), algorithm: raw('300a06082a8648ce3d040302') }),
    ),
    request(
      'mismatch',
      'csr.algorithm',
      'ML-DSA-65 with an EC key',
      buildCsr({ algorithm: raw('300b0609608648016503040312') }),
    ),
    parameters('NULL where ECDSA has none', ec, '300c06082a8648ce3d0403020500'),
    parameters('NULL missing for RSA', rsa, '300b06092a864886f70d01010b'),
    parameters('an empty SEQUENCE for RSA', rsa, '300d06092a864886f70d01010b3000'),
    parameters('NULL where Ed25519 has none', ed25519Key(), '300706032b65700500'),
    odd('a salt of 20', { salt: 20 }),
    odd('a salt longer than the hash', { salt: 64 }),
    odd('MGF1 over another hash', { mgf: '2.16.840.1.101.3.4.2.2' }),
    odd('MGF1 over SHA-1', { mgf: '1.3.14.3.2.26' }),
    odd('SHA-1', { hash: '1.3.14.3.2.26', mgf: '1.3.14.3.2.26', salt: 20 }),
    odd('SHA-224', { hash: '2.16.840.1.101.3.4.2.4', mgf: '2.16.840.1.101.3.4.2.4', salt: 28 }),
    odd('another mask than MGF1', { mask: '1.2.840.113549.1.1.7' }),
    odd('its default trailer written out', { more: explicit(3, integer(1)) }),
    odd('another trailer', { more: explicit(3, integer(2)) }),
    odd('no NULL behind its hashes', { behindHash: new Uint8Array(0) }),
    odd('something after the salt', { more: nothing() }),
    request('pss', 'csr.algorithm', 'RSA-PSS with an EC key', buildCsr({ algorithm: pss() })),
    request(
      'pss',
      'csr.signature',
      'a PKCS#1 v1.5 signature that is called RSA-PSS',
      buildCsr({ key: rsa, algorithm: pss() }),
    ),
    request(
      'pss',
      'csr.signature',
      'an RSA-PSS signature that is called PKCS#1 v1.5',
      buildCsr({ key: { ...rsa, algorithm: 'rsa-pss-sha256' }, algorithm: raw('300d06092a864886f70d01010b0500') }),
    ),
    request(
      'pss',
      'csr.signature',
      'RSA-PSS with a longer salt than it says',
      buildCsr({ key: { ...rsa, algorithm: 'rsa-pss-sha256' }, salt: 64 }),
    ),
    request(
      'pss',
      'csr.signature',
      'RSA-PSS without the salt that it says',
      buildCsr({ key: { ...rsa, algorithm: 'rsa-pss-sha256' }, salt: 0 }),
    ),
    request(
      'pss',
      'csr.algorithm',
      'RSA-PSS with its default parameters (SHA-1)',
      buildCsr({ key: rsa, algorithm: raw('300d06092a864886f70d01010a3000') }),
    ),
    request(
      'pss',
      'csr.algorithm',
      'RSA-PSS without parameters',
      buildCsr({ key: rsa, algorithm: raw('300b06092a864886f70d01010a') }),
    ),
    request(
      'signature',
      'csr.signature',
      'one bit of an ECDSA signature flipped',
      buildCsr({ signature: (o) => bitString(flipLast(o)) }),
    ),
    request(
      'signature',
      'csr.signature',
      'one bit of an RSA signature flipped',
      buildCsr({ key: rsa, signature: (o) => bitString(flipLast(o)) }),
    ),
    request('signature', 'csr.signature', 'signed with another key', buildCsr({ spki: spkiOf(ecKey('P-256')) })),
    request(
      'signature',
      'csr.signature',
      'an empty signature',
      buildCsr({ signature: () => bitString(new Uint8Array(0)) }),
    ),
    request(
      'signature',
      'csr.signature',
      'raw r||s in place of DER',
      buildCsr({ signature: () => bitString(new Uint8Array(64).fill(7)) }),
    ),
    request(
      'signature',
      'csr.signature',
      'r and s of zero',
      buildCsr({ signature: () => bitString(raw('3006 020100 020100')) }),
    ),
    request(
      'signature',
      'csr.signature',
      'octets behind the ECDSA signature',
      buildCsr({ signature: (o) => bitString(joined(o, raw('00'))) }),
    ),
    request(
      'signature',
      'csr.signature',
      'an RSA signature of another length',
      buildCsr({ key: rsa, signature: (o) => bitString(o.subarray(1)) }),
    ),
    request('signature', 'csr.signature', 'another hash than it names', buildCsr({ digest: 'sha384' })),
    request(
      'signature',
      'csr.signature',
      'an Ed25519 signature of zeros',
      buildCsr({ key: ed25519Key(), signature: () => bitString(new Uint8Array(64)) }),
    ),
    request('signature', 'csr.signature', 'an attribute added after signing', tampered()),
  ];
}

const flipLast = (octets: Uint8Array) => octets.with(-1, (octets.at(-1) ?? 0) ^ 1);

/** The signature of one request under the body of another. */
function tampered(): Uint8Array {
  const other = attribute(unknown, integer(1));
  let stolen = new Uint8Array(0);
  buildCsr({
    signature: (octets) => {
      stolen = Uint8Array.from(octets);
      return bitString(octets);
    },
  });
  return buildCsr({ attributes: [other], signature: () => bitString(stolen) });
}

interface PssParts {
  readonly hash?: string;
  readonly mgf?: string;
  readonly mask?: string;
  readonly salt?: number;
  readonly behindHash?: Uint8Array;
  readonly more?: Uint8Array;
}

/** An RSASSA-PSS AlgorithmIdentifier; by default the right one with SHA-256. */
function pss(parts: PssParts = {}): Uint8Array {
  const { hash = '2.16.840.1.101.3.4.2.1', behindHash = nothing() } = parts;
  const mgf1 = sequence(oid(parts.mask ?? '1.2.840.113549.1.1.8'), sequence(oid(parts.mgf ?? hash), behindHash));
  return sequence(
    oid('1.2.840.113549.1.1.10'),
    sequence(
      explicit(0, sequence(oid(hash), behindHash)),
      explicit(1, mgf1),
      explicit(2, integer(parts.salt ?? 32)),
      parts.more ?? new Uint8Array(0),
    ),
  );
}

/** Signed as its parameters say where Node can, so that nothing but their form is wrong. */
function odd(what: string, parts: PssParts): Invalid {
  const key = { ...rsaKey(2048), algorithm: 'rsa-pss-sha256' } as const;
  const csr = buildCsr({ key, algorithm: pss(parts), salt: parts.salt ?? 32 });
  return { row: 'request.pss', code: 'csr.algorithm', name: `RSA-PSS with ${what}`, input: csr };
}
