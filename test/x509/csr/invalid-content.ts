import { contextConstructed, contextPrimitive, tag } from '#x509/der/tags.ts';
import { boolean, element, explicit, integer, octetString, oid, sequence, setOf, text } from '#x509/der/writer.ts';
import {
  attribute,
  basicConstraints,
  buildCsr,
  challengePassword,
  commonName,
  dns,
  email,
  extendedKeyUsage,
  extension,
  extensionRequest,
  id,
  ip,
  keyUsage,
  name,
  raw,
  rdn,
  san,
  uri,
} from './build.ts';
import type { Invalid } from './generate.ts';

const unknown = (n: number) => `1.3.6.1.4.1.99999.${n}`;
const microsoft = '1.3.6.1.4.1.311.2.1.14';
const extensionRequestType = '1.2.840.113549.1.9.14';
const serverAuth = '1.3.6.1.5.5.7.3.1';
const keyCertSign = 1 << 5;
const cRLSign = 1 << 6;

/** Row "attributes". */
export function invalidAttributes(): readonly Invalid[] {
  const wanted = extensionRequest([san(uri(id))]);
  const refused = (item: string, what: string, attributes: readonly Uint8Array[]): Invalid => ({
    row: `attributes.${item}`,
    code: 'csr.attribute',
    name: what,
    input: buildCsr({ attributes }),
  });
  return [
    refused('twice', 'two extensionRequests', [wanted, wanted]),
    refused('twice', 'two different extensionRequests', [wanted, extensionRequest([san(uri(`${id}2`))])]),
    refused('twice', 'two challengePasswords', [challengePassword(), challengePassword(text(tag.utf8String, 'other'))]),
    refused('twice', 'two unknown ones of one type', [
      attribute(unknown(1), integer(1)),
      attribute(unknown(1), integer(2)),
    ]),
    refused('values', 'extensionRequest without a value', [attribute(extensionRequestType)]),
    refused('values', 'extensionRequest with two values', [
      attribute(extensionRequestType, sequence(san(uri(id))), sequence(san(uri(`${id}2`)))),
    ]),
    refused('values', 'an unknown attribute without a value', [attribute(unknown(1))]),
    refused('values', 'a challengePassword with two values', [
      attribute('1.2.840.113549.1.9.7', text(tag.utf8String, 'a'), text(tag.utf8String, 'b')),
    ]),
    refused('values', 'a challengePassword that is no string', [challengePassword(integer(7))]),
    refused('microsoft', "extensionRequest and Microsoft's", [wanted, attribute(microsoft, sequence(san(uri(id))))]),
    refused(
      'limit',
      'five attributes',
      [1, 2, 3, 4, 5].map((n) => attribute(unknown(n), integer(n))),
    ),
  ];
}

/** Row "extensions". */
export function invalidExtensions(): readonly Invalid[] {
  const refused = (item: string, what: string, extensions: readonly Uint8Array[], code = 'csr.extension'): Invalid => ({
    row: `extensions.${item}`,
    code,
    name: what,
    input: buildCsr({ extensions }),
  });
  const ids = san(uri(id));
  return [
    refused('duplicate', 'two equal subjectAltNames', [ids, ids]),
    refused('duplicate', 'two different subjectAltNames', [ids, san(uri(`${id}2`))]),
    refused('duplicate', 'two keyUsages', [ids, keyUsage(1), keyUsage(1)]),
    refused('duplicate', 'two basicConstraints', [ids, basicConstraints(), basicConstraints()]),
    refused('duplicate', 'two unknown ones', [extension(unknown(1), integer(1)), extension(unknown(1), integer(1))]),
    refused('critical-unknown', 'an unknown critical one', [ids, extension(unknown(1), integer(1), true)]),
    refused('critical-unknown', 'a critical subjectKeyIdentifier', [
      ids,
      extension('2.5.29.14', octetString(raw('00')), true),
    ]),
    refused('ca', 'cA true', [ids, basicConstraints(boolean(true))]),
    refused('ca', 'cA true with a path length', [ids, basicConstraints(boolean(true), integer(0))]),
    refused('ca', 'a path length without cA', [ids, basicConstraints(integer(0))]),
    refused('cert-sign', 'keyCertSign without basicConstraints', [ids, keyUsage(keyCertSign)]),
    refused('cert-sign', 'keyCertSign among others', [ids, keyUsage(1 | keyCertSign)]),
    refused('cert-sign', 'cRLSign', [ids, keyUsage(1 | cRLSign)]),
    refused('cert-sign', 'keyCertSign beside "not a CA"', [ids, basicConstraints(), keyUsage(keyCertSign)]),
    refused('key-usage', 'no bit set', [ids, extension('2.5.29.15', raw('030100'))]),
    refused('key-usage', 'a tenth bit', [ids, keyUsage(1 | (1 << 9))]),
    refused(
      'key-usage',
      'more than three octets',
      [ids, extension('2.5.29.15', raw('03050000000001'))],
      'csr.malformed',
    ),
    refused('eku', 'an empty extendedKeyUsage', [ids, extendedKeyUsage()]),
    refused('eku', 'serverAuth twice', [ids, extendedKeyUsage(serverAuth, serverAuth)]),
    refused('eku', 'not a SEQUENCE', [ids, extension('2.5.29.37', oid(serverAuth))], 'csr.malformed'),
    refused('name-constraints', 'nameConstraints', [
      ids,
      extension('2.5.29.30', sequence(explicit(0, sequence(dns('a'))))),
    ]),
    refused('policy-constraints', 'policyConstraints', [ids, extension('2.5.29.36', sequence(raw('800100')))]),
    refused('ct-poison', 'the CT poison', [ids, extension('1.3.6.1.4.1.11129.2.4.3', raw('0500'), true)]),
    refused('ct-poison', 'the CT poison, not critical', [ids, extension('1.3.6.1.4.1.11129.2.4.3', raw('0500'))]),
    refused('empty', 'an empty list', []),
    refused(
      'limit',
      'nine extensions',
      [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => extension(unknown(n), integer(n))),
    ),
    refused(
      'value',
      'a value that is no OCTET STRING',
      [sequence(oid('2.5.29.17'), sequence(uri(id)))],
      'csr.malformed',
    ),
  ];
}

/** Rows "SAN" and "SPIFFE", as far as they are wrong whoever asks; whose name it is, policy decides. */
export function invalidSans(): readonly Invalid[] {
  const refused = (item: string, what: string, ...names: readonly Uint8Array[]): Invalid => ({
    row: `san.${item}`,
    code: 'csr.san',
    name: what,
    input: buildCsr({ extensions: [san(...names)] }),
  });
  const badUri = (item: string, what: string, value: string | Uint8Array): Invalid => ({
    ...refused('', what, uri(value)),
    row: `spiffe.${item}`,
  });
  const label = 'a'.repeat(63);
  return [
    refused(
      'kind',
      'otherName',
      element(contextConstructed(0), oid('1.3.6.1.4.1.311.20.2.3'), explicit(0, text(tag.utf8String, 'a@b'))),
    ),
    refused('kind', 'x400Address', element(contextConstructed(3), sequence())),
    refused('kind', 'directoryName', explicit(4, commonName('web'))),
    refused('kind', 'ediPartyName', element(contextConstructed(5), explicit(1, text(tag.utf8String, 'web')))),
    refused('kind', 'registeredID', element(contextPrimitive(8), raw('2a0304'))),
    refused(
      'kind',
      'otherName behind a good URI',
      uri(id),
      element(contextConstructed(0), oid('1.2.3.4'), explicit(0, integer(1))),
    ),
    { ...refused('kind', 'a tag that is no kind', element(contextPrimitive(9), raw('00'))), code: 'csr.malformed' },
    { ...refused('kind', 'a constructed URI', element(contextConstructed(6), uri(id))), code: 'csr.malformed' },
    refused('empty', 'no name at all'),
    refused('dns', 'NUL inside', dns('good.example\0.evil.example')),
    refused('dns', 'an underscore', dns('a_b.example')),
    refused('dns', 'a trailing dot', dns('a.example.')),
    refused('dns', 'a leading dot', dns('.a.example')),
    refused('dns', 'two dots', dns('a..example')),
    refused('dns', 'an empty name', dns('')),
    refused('dns', 'a hyphen first', dns('-a.example')),
    refused('dns', 'a hyphen last', dns('a-.example')),
    refused('dns', 'a wildcard inside', dns('a.*.example')),
    refused('dns', 'a partial wildcard', dns('a*.example')),
    refused('dns', 'a wildcard alone', dns('*')),
    refused('dns', 'a label of 64', dns(`${label}a.example`)),
    refused('dns', '254 characters', dns(`${label}.${label}.${label}.${'a'.repeat(62)}`)),
    refused('dns', 'a name in UTF-8', dns('münchen.example')),
    refused('dns', 'a port', dns('a.example:443')),
    refused('ip', 'three octets', ip(10, 0, 0)),
    refused('ip', 'no octet', ip()),
    refused('ip', 'address and mask', ip(10, 0, 0, 0, 255, 0, 0, 0)),
    refused('ip', 'seventeen octets', ip(...new Array<number>(17).fill(1))),
    refused('email', 'without @', email('nobody')),
    refused('email', 'two @', email('a@b@c')),
    refused('email', 'nothing before @', email('@b')),
    refused('email', 'a control character', email('a\n@b')),
    refused('control', 'NUL in a URI', uri('spiffe://cluster.local/ns/demo\0/sa/web')),
    refused('control', 'a byte of 7f', uri(`${id}\x7f`)),
    refused('control', 'an escape character', uri(`${id}\x1b[2J`)),
    refused('uri', 'an empty URI', uri('')),
    refused('uri', 'no scheme', uri('cluster.local/ns/demo/sa/web')),
    refused('uri', 'a scheme and nothing else', uri('spiffe:')),
    refused('uri', 'a percent sign that escapes nothing', uri(`${id}%4`)),
    refused('uri', 'a backslash', uri('spiffe:\\\\cluster.local\\ns')),
    refused('uri', 'a quotation mark', uri(`${id}"`)),
    badUri('space', 'a leading space', ` ${id}`),
    badUri('space', 'a trailing space', `${id} `),
    badUri('space', 'a tab inside', 'spiffe://cluster\t.local/a'),
    badUri('space', 'a trailing newline', `${id}\n`),
    badUri('look-alike', 'a Cyrillic letter', 'spiffe://сluster.local/ns/demo/sa/web'),
    badUri('look-alike', 'full-width letters', 'spiffe://ｃluster.local/ns/demo/sa/web'),
    badUri('look-alike', 'a full-width slash', 'spiffe://cluster.local／ns/demo'),
    badUri('look-alike', 'an octet of 80', raw('7370696666653a2f2f612f80')),
  ];
}

/** Row "subject". */
export function invalidSubjects(): readonly Invalid[] {
  const refused = (item: string, what: string, subject: Uint8Array): Invalid => ({
    row: `subject.${item}`,
    code: 'csr.subject',
    name: what,
    input: buildCsr({ subject }),
  });
  const cn = (value: Uint8Array) => name('2.5.4.3', value);
  const many = (count: number) =>
    sequence(...Array.from({ length: count }, (_, i) => rdn(name('2.5.4.11', text(tag.utf8String, `u${i}`)))));
  return [
    refused('cn-length', 'a common name of 65 characters', commonName('a'.repeat(65))),
    refused('cn-length', '65 characters outside the BMP', commonName('😀'.repeat(65))),
    refused(
      'cn-twice',
      'two common names',
      sequence(rdn(cn(text(tag.utf8String, 'a'))), rdn(cn(text(tag.utf8String, 'b')))),
    ),
    refused(
      'cn-twice',
      'two common names in one RDN',
      sequence(rdn(cn(text(tag.utf8String, 'a')), cn(text(tag.utf8String, 'b')))),
    ),
    refused('control', 'NUL in the common name', commonName('good\0evil')),
    refused('control', 'a newline in the common name', commonName('a\nb')),
    refused('control', 'NUL in the organization', sequence(rdn(name('2.5.4.10', text(tag.utf8String, 'a\0b'))))),
    refused('control', 'a C1 control', commonName('a\u0085b')),
    refused('rdns', 'nine parts', many(9)),
    refused('value-type', 'a common name that is an INTEGER', sequence(rdn(cn(integer(1))))),
    refused('value-type', 'an organization that is a SET', sequence(rdn(name('2.5.4.10', setOf(integer(1)))))),
    refused(
      'value-type',
      'an organization that is a VisibleString',
      sequence(rdn(name('2.5.4.10', text(tag.visibleString, 'a')))),
    ),
  ];
}
