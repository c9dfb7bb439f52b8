import { describe, expect, it } from 'vitest';
import { caCertificate, caWindow, now, randomSerial, signTbs, testKey, testMesh } from '#test/x509/mesh.ts';
import type { Der } from '#x509/algorithms.ts';
import { readCertificate } from '#x509/certificate.ts';
import { encodeName, type NameTerms, nameText } from '#x509/name.ts';
import { type CaTerms, caTbs, type ServingTerms, servingTbs } from '#x509/profile/ca-certificate.ts';
import { subjectKeyIdentifier } from '#x509/profile/key-identifier.ts';
import { assembleSigned } from '#x509/signed.ts';

const mesh = testMesh();
const root = readCertificate(mesh.root);
const intermediate = readCertificate(mesh.intermediate);
const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('hex');
const extensionHex = (certificate: typeof root, id: string) => hex(certificate.extension(id)?.value);

describe('a root', () => {
  it('is its own issuer, has a subject key identifier, no authority key identifier and no path length', () => {
    expect(root.isSelfIssued).toBe(true);
    expect(root.subjectText).toBe('C=DE, O=Example, CN=Test mesh root');
    expect(hex(root.subjectKeyId)).toBe(hex(subjectKeyIdentifier(mesh.rootKey.spki)));
    expect(root.authorityKeyId).toBeUndefined();
    expect(root.basicConstraints).toEqual({ ca: true });
  });
});

describe('an intermediate', () => {
  it('P-9: basicConstraints says CA with path length 0, critical', () => {
    expect(extensionHex(intermediate, '2.5.29.19')).toBe('30060101ff020100');
    expect(intermediate.isCritical('2.5.29.19')).toBe(true);
  });

  it('carries keyCertSign and cRLSign, critical, and no extended key usage', () => {
    expect(extensionHex(intermediate, '2.5.29.15')).toBe('03020106');
    expect(intermediate.isCritical('2.5.29.15')).toBe(true);
    expect(intermediate.extendedKeyUsage).toBeUndefined();
  });

  it('P-3: its SAN is the trust domain, without a path, and not critical', () => {
    expect(intermediate.names.map(({ kind, text }) => [kind, text])).toEqual([['uri', 'spiffe://cluster.local']]);
    expect(intermediate.isCritical('2.5.29.17')).toBe(false);
  });

  it('P-7: issuer and AKI are copied from the root octet by octet', () => {
    expect(hex(intermediate.issuer)).toBe(hex(root.subject));
    expect(hex(intermediate.authorityKeyId?.keyId)).toBe(hex(root.subjectKeyId));
  });

  it('P-7: an issuer name in PrintableString stays PrintableString, a key identifier of another method stays itself', () => {
    const name = new Uint8Array(Buffer.from('300d310b3009060355040313024341', 'hex')) as Der;
    const keyId = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const under = readCertificate(caCertificate(terms({ issuer: { name, keyId } }), 'ecdsa-sha256', mesh.rootKey));
    expect([hex(under.issuer), hex(under.authorityKeyId?.keyId)]).toEqual([hex(name), hex(keyId)]);
  });

  it('P-10, Istio 77: no name constraints', () => {
    expect(intermediate.nameConstraints).toBeUndefined();
    expect(root.nameConstraints).toBeUndefined();
  });
});

function terms(change: Partial<CaTerms> = {}): CaTerms {
  const { spki } = testKey('ec:P-256', 'intermediate');
  return { subject: { commonName: 'CA' }, issuer: 'self', spki, serial: randomSerial(), ...caWindow, ...change };
}

describe('what a CA certificate cannot hold', () => {
  it.each<[string, NameTerms]>([
    ['an empty common name', { commonName: '' }],
    ['a common name of 65 characters', { commonName: 'a'.repeat(65) }],
    ['an organization with a NUL', { commonName: 'a', organization: 'a\0b' }],
    ['a country in small letters', { commonName: 'a', country: 'de' }],
    ['a country of three letters', { commonName: 'a', country: 'DEU' }],
    ['half of a character', { commonName: '\ud800' }],
  ])('refuses %s', (_, subject) => {
    expect(() => caTbs(terms({ subject }), 'ecdsa-sha256')).toThrow(RangeError);
  });

  it.each<[string, Partial<CaTerms>]>([
    ['a serial of zero', { serial: new Uint8Array(20) }],
    ['a serial of 21 octets', { serial: new Uint8Array(21).fill(1) }],
    ['a serial of 20 octets whose sign would need another', { serial: new Uint8Array(20).fill(0xff) }],
    ['a window that ends before it begins', { notAfter: caWindow.notBefore - 1 }],
  ])('refuses %s', (_, change) => {
    expect(() => caTbs(terms(change), 'ecdsa-sha256')).toThrow(RangeError);
  });
});

describe('our own TLS certificate', () => {
  const serving = (change: Partial<ServingTerms> = {}) => {
    const tbs = servingTbs(
      {
        issuer: { name: root.subject, keyId: subjectKeyIdentifier(mesh.rootKey.spki) },
        names: {
          dns: ['istiod.istio-system.svc', 'localhost'],
          ips: [Uint8Array.of(127, 0, 0, 1), Uint8Array.of(...new Uint8Array(15), 1)],
          uris: ['spiffe://cluster.local/countersign'],
        },
        keyEncipherment: false,
        spki: testKey('ec:P-256', 'serving').spki,
        serial: randomSerial(),
        notBefore: now,
        notAfter: now + 3600,
        ...change,
      },
      'ecdsa-sha256',
    );
    return readCertificate(assembleSigned(tbs, 'ecdsa-sha256', signTbs(tbs, 'ecdsa-sha256', mesh.rootKey)));
  };

  it('names hosts and addresses in a critical SAN, for servers only', () => {
    const certificate = serving();
    expect(certificate.names.map(({ kind, text }) => `${kind}:${text}`)).toEqual([
      'dns:istiod.istio-system.svc',
      'dns:localhost',
      'uri:spiffe://cluster.local/countersign',
      'ip:127.0.0.1',
      'ip:::1',
    ]);
    expect(certificate.isCritical('2.5.29.17')).toBe(true);
    expect(certificate.hasEmptySubject).toBe(true);
    expect(certificate.extendedKeyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(certificate.isCa).toBe(false);
  });

  it('may be for clients too, and encipher keys', () => {
    const certificate = serving({ clientAuth: true, keyEncipherment: true });
    expect(certificate.extendedKeyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    expect(certificate.keyUsage).toEqual(['digitalSignature', 'keyEncipherment']);
  });

  it.each<[string, ServingTerms['names']]>([
    ['no name at all', {}],
    ['an empty DNS name', { dns: [''] }],
    ['a DNS name beyond ASCII', { dns: ['bücher.example'] }],
    ['an address of five octets', { ips: [new Uint8Array(5)] }],
  ])('refuses %s', (_, names) => {
    expect(() => serving({ names })).toThrow(RangeError);
  });
});

describe('names for people', () => {
  it.each<[NameTerms, string]>([
    [{ commonName: 'a,b=c' }, 'CN=a\\,b\\=c'],
    [{ commonName: ' a ' }, 'CN=\\ a\\ '],
    [{ commonName: '#x', organizationalUnit: 'Ünit' }, 'OU=Ünit, CN=\\#x'],
  ])('%o reads %s', (name, text) => {
    expect(nameText(encodeName(name))).toBe(text);
  });
});
