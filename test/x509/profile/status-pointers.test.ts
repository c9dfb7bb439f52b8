import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { withExtension } from '#test/x509/altered.ts';
import { namedRequests } from '#test/x509/csr/named-requests.ts';
import { caCertificate, caWindow, randomSerial, signTbs, testKey, testMesh } from '#test/x509/mesh.ts';
import { readCertificate } from '#x509/certificate.ts';
import { type CaTerms, caTbs, copiedTbs, type StatusPointers } from '#x509/profile/ca-certificate.ts';
import { authorityInfoAccess, crlDistributionPoints, tlsFeature } from '#x509/profile/extensions.ts';
import { assembleSigned } from '#x509/signed.ts';
import { copyOf, everywhere } from './copies.ts';

const hex = (octets: Uint8Array) => Buffer.from(octets).toString('hex');
const ascii = (text: string) => Buffer.from(text).toString('hex');
const mesh = testMesh();
const terms = (pointers?: StatusPointers): CaTerms => ({
  subject: { commonName: 'CA' },
  issuer: 'self',
  spki: testKey('ec:P-256', 'CA').spki,
  serial: randomSerial(),
  ...caWindow,
  trustDomain: 'cluster.local',
  ...(pointers && { pointers }),
});
const [host] = await Promise.all(
  namedRequests()
    .slice(0, 1)
    .map((request) => copyOf(request)),
);
if (host === undefined) throw new Error('there is no request');

describe('what a certificate points to', () => {
  it('RFC 5280 4.2.1.13: one distribution point with one full name, octet for octet', () => {
    expect(hex(crlDistributionPoints('http://a/b'))).toBe(
      `30 1b 06 03 551d1f 04 14 30 12 30 10 a0 0e a0 0c 86 0a`.replaceAll(' ', '') + ascii('http://a/b'),
    );
  });

  it('RFC 5280 4.2.2.1: the responder, then the issuer, octet for octet', () => {
    const responder = `30 14 06 08 2b06010505073001 86 08`.replaceAll(' ', '') + ascii('http://a');
    const issuer = `30 14 06 08 2b06010505073002 86 08`.replaceAll(' ', '') + ascii('http://b');
    const both = authorityInfoAccess({ caIssuers: 'http://b', ocsp: 'http://a' });
    expect(hex(both)).toBe(`303a 0608 2b06010505070101 042e 302c`.replaceAll(' ', '') + responder + issuer);
    expect(hex(authorityInfoAccess({ ocsp: 'http://a' })).endsWith(`04183016${responder}`)).toBe(true);
    expect(hex(authorityInfoAccess({ caIssuers: 'http://b' })).endsWith(`04183016${issuer}`)).toBe(true);
  });

  it('RFC 7633 4.2.3: a stapled status is demanded, octet for octet', () => {
    expect(hex(tlsFeature())).toBe('3011 0608 2b06010505070118 0405 3003020105'.replaceAll(' ', ''));
  });

  it.each<[string, StatusPointers, readonly string[]]>([
    ['everything', everywhere, ['2.5.29.31', '1.3.6.1.5.5.7.1.1']],
    ['its CRL', { crl: 'http://a/' }, ['2.5.29.31']],
    ['the responder', { ocsp: 'http://a/' }, ['1.3.6.1.5.5.7.1.1']],
    ['the issuer', { caIssuers: 'http://a/' }, ['1.3.6.1.5.5.7.1.1']],
    ['nothing', {}, []],
  ])('stands behind all other extensions, and none of it is critical: %s', (_, pointers, ids) => {
    for (const tbs of [
      caTbs(terms(pointers), 'ecdsa-sha256'),
      copiedTbs({ ...host.terms, pointers }, 'ecdsa-sha256'),
    ]) {
      const read = readCertificate(assembleSigned(tbs, 'ecdsa-sha256', signTbs(tbs, 'ecdsa-sha256', mesh.rootKey)));
      const { crl, ocsp, caIssuers } = pointers;
      expect([read.crlUris, read.ocspUris, read.caIssuersUris]).toEqual(
        [crl, ocsp, caIssuers].map((url) => (url === undefined ? [] : [url])),
      );
      const last = read.extensions.slice(-ids.length || read.extensions.length);
      expect(ids.length === 0 ? [] : last.map(({ id, critical }) => [id, critical])).toEqual(
        ids.map((id) => [id, false]),
      );
      const rest = read.extensions.slice(0, read.extensions.length - ids.length).map(({ id }) => id);
      expect([rest.at(-1), rest.includes('2.5.29.31')]).toEqual(['2.5.29.17', false]);
    }
  });

  it('changes no other octet: without it a certificate is what it was before there was any', () => {
    const plain = terms();
    const bare = caTbs(plain, 'ecdsa-sha256');
    expect(hex(caTbs({ ...plain, pointers: {} }, 'ecdsa-sha256'))).toBe(hex(bare));
    expect(hex(caTbs({ ...plain, pointers: { crl: 'http://a/' } }, 'ecdsa-sha256'))).toBe(
      hex(withExtension(bare, crlDistributionPoints('http://a/'))),
    );
  });

  it.each([
    ['no URL', 'status.example/crl'],
    ['a path', '/crl'],
    ['nothing', ''],
    ['https', 'https://status.example/crl'],
    ['ldap', 'ldap://status.example/cn=crl'],
    ['capital letters of the scheme', 'HTTP://status.example/crl'],
    ['no host', 'http:///crl'],
    ['a user', 'http://me@status.example/crl'],
    ['a fragment', 'http://status.example/crl#all'],
    ['a space', 'http://status.example/my crl'],
    ['a line break', 'http://status.example/crl\n'],
    ['something beyond ASCII', 'http://stätus.example/crl'],
    ['half of an escape', 'http://status.example/%4'],
  ])('is refused for %s', (_, url) => {
    expect(() => crlDistributionPoints(url)).toThrow(RangeError);
    for (const pointers of [{ crl: url }, { ocsp: url }, { caIssuers: url }])
      expect(() => caTbs(terms(pointers), 'ecdsa-sha256')).toThrow(RangeError);
  });

  it('is an address too, a port, a query', () => {
    for (const url of ['http://10.0.0.1/a', 'http://[2001:db8::1]:8080', 'http://a.example:80/x%20y/?z=1&b=(c)'])
      expect(() => crlDistributionPoints(url)).not.toThrow();
  });

  it('is never an access to nothing', () => expect(() => authorityInfoAccess({})).toThrow(RangeError));
});

describeWith(['openssl'], 'the openssl command', (path) => {
  it('RFC 5280 4.2.1.13, 4.2.2.1, RFC 7633 4: shows where the status is, and that it must be stapled', () => {
    const inside = withExtension(
      readCertificate(caCertificate(terms(everywhere), 'ecdsa-sha256', mesh.rootKey)).tbs,
      tlsFeature(),
    );
    const der = assembleSigned(inside, 'ecdsa-sha256', signTbs(inside, 'ecdsa-sha256', mesh.rootKey));
    const text = execFileSync(path('openssl'), ['x509', '-inform', 'der', '-noout', '-text'], {
      input: der,
      encoding: 'utf8',
    });
    const words = text.replaceAll(/\s+/g, ' ');
    expect(words).toContain(`X509v3 CRL Distribution Points: Full Name: URI:${everywhere.crl}`);
    expect(words).toContain(
      `Authority Information Access: OCSP - URI:${everywhere.ocsp} CA Issuers - URI:${everywhere.caIssuers}`,
    );
    expect(words).toContain('TLS Feature: status_request');
  });
});
