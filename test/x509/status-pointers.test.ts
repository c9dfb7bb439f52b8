import { describe, expect, it } from 'vitest';
import { withExtension } from '#test/x509/altered.ts';
import { dns, extension, uri } from '#test/x509/csr/build.ts';
import { signTbs, testMesh } from '#test/x509/mesh.ts';
import { type Certificate, readCertificate } from '#x509/certificate.ts';
import { CertificateError } from '#x509/certificate-error.ts';
import { contextConstructed, contextPrimitive } from '#x509/der/tags.ts';
import { element, oid, sequence, setOf, text } from '#x509/der/writer.ts';
import { assembleSigned } from '#x509/signed.ts';

const { tbs } = testMesh().leaf();
const crlPoints = '2.5.29.31';
const access = '1.3.6.1.5.5.7.1.1';
const byOcsp = '1.3.6.1.5.5.7.48.1';
const byIssuers = '1.3.6.1.5.5.7.48.2';

function withValue(id: string, value: Uint8Array): Certificate {
  const inside = withExtension(tbs, extension(id, value));
  const { intermediateKey } = testMesh();
  return readCertificate(assembleSigned(inside, 'ecdsa-sha256', signTbs(inside, 'ecdsa-sha256', intermediateKey)));
}

const tagged = (n: number, ...parts: Uint8Array[]) => element(contextConstructed(n), ...parts);
const fullName = (...names: Uint8Array[]) => tagged(0, tagged(0, ...names));
const directory = tagged(4, sequence());
const someReasons = element(contextPrimitive(1), Uint8Array.of(6, 0x40));
const relative = tagged(0, element(contextConstructed(1), sequence(oid('2.5.4.3'), text(0x0c, 'crl'))));
const place = (method: string, location: Uint8Array) => sequence(oid(method), location);

describe('where a certificate says its status is', () => {
  it.each<[string, Uint8Array, readonly string[]]>([
    ['one URI', sequence(sequence(fullName(uri('http://a/')))), ['http://a/']],
    [
      'two names of one CRL',
      sequence(sequence(fullName(uri('http://a/'), uri('ldap://b/c')))),
      ['http://a/', 'ldap://b/c'],
    ],
    [
      'two CRLs',
      sequence(sequence(fullName(uri('http://a/'))), sequence(fullName(uri('http://b/')))),
      ['http://a/', 'http://b/'],
    ],
    ['a directory', sequence(sequence(fullName(directory))), []],
    ['a directory and a URI', sequence(sequence(fullName(directory, uri('http://a/')))), ['http://a/']],
    ["a name below the issuer's", sequence(sequence(relative)), []],
    ['a CRL for some reasons', sequence(sequence(fullName(uri('http://a/')), someReasons)), []],
    ['the CRL of another issuer', sequence(sequence(fullName(uri('http://a/')), tagged(2, directory))), []],
    ['another issuer alone', sequence(sequence(tagged(2, directory))), []],
  ])('RFC 5280 4.2.1.13: its CRL, by %s', (_, value, expected) => {
    expect(withValue(crlPoints, value).crlUris).toEqual(expected);
  });

  it('RFC 5280 4.2.2.1: responders and issuers, in their order, and nothing that is neither', () => {
    const value = sequence(
      place(byIssuers, uri('http://c/')),
      place(byOcsp, uri('http://a/')),
      place(byOcsp, directory),
      place('1.3.6.1.5.5.7.48.3', uri('http://d/')),
      place(byOcsp, uri('http://b/')),
    );
    const read = withValue(access, value);
    expect([read.ocspUris, read.caIssuersUris]).toEqual([['http://a/', 'http://b/'], ['http://c/']]);
  });

  it('is nowhere where nothing is said', () => {
    const { crlUris, ocspUris, caIssuersUris } = readCertificate(testMesh().root);
    expect([crlUris, ocspUris, caIssuersUris]).toEqual([[], [], []]);
  });

  it.each<[string, string, Uint8Array]>([
    ['no point', crlPoints, sequence()],
    ['a point with nothing in it', crlPoints, sequence(sequence())],
    ['reasons without a name', crlPoints, sequence(sequence(someReasons))],
    ['a name that is neither full nor relative', crlPoints, sequence(sequence(tagged(0, tagged(2, uri('http://a/')))))],
    ['a full name of no name', crlPoints, sequence(sequence(fullName()))],
    [
      'two names of either form',
      crlPoints,
      sequence(sequence(tagged(0, tagged(0, uri('x:a')), tagged(0, uri('x:a'))))),
    ],
    ['reasons before the name', crlPoints, sequence(sequence(someReasons, fullName(uri('x:a'))))],
    ['an issuer of no name', crlPoints, sequence(sequence(fullName(uri('x:a')), tagged(2)))],
    ['something behind the points', crlPoints, Uint8Array.of(...sequence(sequence(fullName(uri('x:a')))), 5, 0)],
    ['a URI beyond ASCII', crlPoints, sequence(sequence(fullName(uri('http://ä/'))))],
    [
      'a relative name cut short',
      crlPoints,
      sequence(sequence(tagged(0, element(contextConstructed(1), Uint8Array.of(0x30, 5))))),
    ],
    ['a SET around the points', crlPoints, setOf(sequence(fullName(uri('x:a'))))],
    ['no access', access, sequence()],
    ['an access without a place', access, sequence(sequence(oid(byOcsp)))],
    ['a place without a method', access, sequence(sequence(uri('x:a')))],
    ['two places of one access', access, sequence(sequence(oid(byOcsp), uri('x:a'), dns('a')))],
    ['something behind the accesses', access, Uint8Array.of(...sequence(place(byOcsp, uri('x:a'))), 5, 0)],
  ])('is refused, with the extension, for %s', (_, id, value) => {
    const read = withValue(id, value);
    const ask = () => [read.crlUris, read.ocspUris, read.caIssuersUris];
    expect(ask).toThrow(CertificateError);
    expect(ask).toThrow(id === crlPoints ? /^cRLDistributionPoints: / : /^authorityInfoAccess: /);
  });
});
