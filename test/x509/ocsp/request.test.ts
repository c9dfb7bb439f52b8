import { describe, expect, it } from 'vitest';
import { dns, extension, uri } from '#test/x509/csr/build.ts';
import { randomSerial, testMesh } from '#test/x509/mesh.ts';
import { certId, type OcspRequestParts, ocspRequest } from '#test/x509/status.ts';
import { algorithmIdentifier } from '#x509/algorithm-identifiers.ts';
import { readCertificate } from '#x509/certificate.ts';
import { contextConstructed, tag } from '#x509/der/tags.ts';
import {
  bitString,
  boolean,
  element,
  explicit,
  integer,
  nothing,
  octetString,
  oid,
  sequence,
  setOf,
} from '#x509/der/writer.ts';
import { OcspIssuer } from '#x509/ocsp/cert-id.ts';
import { OcspRequestError, readOcspRequest } from '#x509/ocsp/request.ts';

const { intermediate, root } = testMesh();
const issuer = new OcspIssuer(readCertificate(intermediate));
const hex = (octets: Uint8Array) => Buffer.from(octets).toString('hex');
const asking = (...certIds: Uint8Array[]) => ocspRequest({ requests: certIds.map((each) => sequence(each)) });
const one = sequence(certId(intermediate));
const plain = (parts: OcspRequestParts) => ocspRequest({ requests: [one], ...parts });
const extended = (...extensions: Uint8Array[]) => plain({ behind: [explicit(2, sequence(...extensions))] });
const nonce = (value: Uint8Array, critical = false) => extension('1.3.6.1.5.5.7.48.1.2', value, critical);
const random = (length: number) => new Uint8Array(length).fill(0x5a);
const signature = sequence(algorithmIdentifier('ecdsa-sha256'), bitString(Uint8Array.of(1)));

function refusedField(der: Uint8Array): string | undefined {
  try {
    readOcspRequest(der);
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof OcspRequestError)) throw thrown;
    return thrown.field;
  }
}

describe('an OCSP request', () => {
  it('RFC 6960 4.1.1: gives each CertID whole, with its serial, in the order they are asked', () => {
    const serials = [randomSerial(), Uint8Array.of(1), Uint8Array.of(0, 0x80)];
    const asked = serials.map((serial) => certId(intermediate, { serial: element(tag.integer, serial) }));
    const { certIds } = readOcspRequest(asking(...asked));
    expect(certIds.map(({ serial }) => hex(serial))).toEqual(serials.map(hex));
    expect(certIds.map(({ der }) => hex(der))).toEqual(asked.map(hex));
  });

  it.each(['sha1', 'sha256'] as const)(
    'RFC 5019 2.1.1, RFC 9919: names its issuer by %s, with NULL or without',
    (digest) => {
      for (const parameters of [nothing(), new Uint8Array()]) {
        const [found] = readOcspRequest(asking(certId(intermediate, { digest, parameters }))).certIds;
        expect(found).toMatchObject({ digest });
        expect(found && issuer.isIssuerOf(found)).toBe(true);
      }
    },
  );

  it('RFC 6960 4.1.1: names no issuer by another key, another name, or a hash that we do not have', () => {
    const name = readCertificate(intermediate);
    const strangers = [
      new OcspIssuer(readCertificate(root)),
      new OcspIssuer({ subject: name.subject, spki: readCertificate(root).spki }),
      new OcspIssuer({ subject: readCertificate(root).subject, spki: name.spki }),
    ];
    const all = readOcspRequest(asking(certId(intermediate), certId(intermediate, { digest: 'sha256' }))).certIds;
    for (const each of all)
      expect(strangers.map((stranger) => stranger.isIssuerOf(each))).toEqual([false, false, false]);
    const [unknown] = readOcspRequest(asking(certId(intermediate, { digest: 'sha512' }))).certIds;
    expect([unknown?.digest, unknown && issuer.isIssuerOf(unknown)]).toEqual([undefined, false]);
  });

  it('is the same for a certificate of the issuer that has been renewed: name and key count', () => {
    const again = new OcspIssuer(readCertificate(testMesh().intermediate));
    const [found] = readOcspRequest(asking(certId(intermediate))).certIds;
    expect(found && again.isIssuerOf(found)).toBe(true);
    expect(hex(again.keySha1)).toBe(hex(issuer.keySha1));
  });

  it.each<[string, Uint8Array]>([
    ['who asks', plain({ before: [explicit(1, element(contextConstructed(4), sequence()))] })],
    ['a signature', plain({ signature: [explicit(0, signature)] })],
    [
      'a signature with certificates',
      plain({ signature: [explicit(0, sequence(signature.subarray(2), explicit(0, sequence(root, intermediate))))] }),
    ],
    [
      'the kinds of answer that are liked',
      extended(extension('1.3.6.1.5.5.7.48.1.4', sequence(oid('1.3.6.1.5.5.7.48.1.1')))),
    ],
    [
      'an extension of one question',
      ocspRequest({
        requests: [sequence(certId(intermediate), explicit(0, sequence(extension('1.2.3', sequence()))))],
      }),
    ],
    ['a nonce', extended(nonce(octetString(random(16))))],
    ['a critical nonce', extended(nonce(octetString(random(32)), true))],
    ['a nonce of one octet', extended(nonce(octetString(random(1))))],
    ['a nonce of 127 octets', extended(nonce(octetString(random(127))))],
    ['the longest nonce, of 128 octets', extended(nonce(octetString(random(128))))],
    ['a nonce that is the value itself', extended(nonce(random(16)))],
    ['such a nonce that begins like one within', extended(nonce(Uint8Array.of(4, 1, 2, 3)))],
  ])('RFC 6960 4.1, RFC 9654: passes over %s', (_, der) => {
    expect(readOcspRequest(der).certIds.map(({ der: each }) => hex(each))).toEqual([hex(certId(intermediate))]);
  });

  it('takes sixteen questions at a time, and not seventeen', () => {
    const many = (count: number) => ocspRequest({ requests: Array(count).fill(one) });
    expect(readOcspRequest(many(16)).certIds).toHaveLength(16);
    expect(refusedField(many(17))).toBe('requestList');
  });

  const of = (parts: Parameters<typeof certId>[1]) => asking(certId(intermediate, parts));
  it.each<[string, string, Uint8Array]>([
    ['OCSPRequest', 'nothing', new Uint8Array()],
    ['OCSPRequest', 'a SET', setOf(sequence(sequence(one)))],
    ['OCSPRequest', 'an octet behind it', Uint8Array.of(...plain({}), 0)],
    ['OCSPRequest', 'more than is read of any', plain({ behind: [octetString(new Uint8Array(16_384))] })],
    [
      'OCSPRequest',
      'a certificate that is no DER, though nobody looks',
      plain({
        signature: [explicit(0, sequence(signature.subarray(2), explicit(0, sequence(Uint8Array.of(0x30, 1)))))],
      }),
    ],
    ['tbsRequest', 'nothing to be signed', sequence()],
    ['version', 'version 1 written out', plain({ before: [explicit(0, integer(0))] })],
    ['version', 'version 2', plain({ before: [explicit(0, integer(1))] })],
    ['requestorName', 'nobody', plain({ before: [explicit(1)] })],
    ['requestorName', 'two who ask', plain({ before: [explicit(1, dns('a'), dns('b'))] })],
    ['requestorName', 'one who asks beyond ASCII', plain({ before: [explicit(1, uri('http://ä/'))] })],
    ['requestList', 'no question', ocspRequest({})],
    ['requestList', 'a question about nothing', ocspRequest({ requests: [sequence()] })],
    ['requestList', 'a question with more', ocspRequest({ requests: [sequence(certId(intermediate), integer(1))] })],
    ['requestList', 'no hash of the name', of({ nameHash: new Uint8Array() })],
    ['requestList', 'a hash of the name that is too short', of({ nameHash: octetString(random(19)) })],
    ['requestList', 'a hash of the key that is too long', of({ keyHash: octetString(random(21)) })],
    ['requestList', 'parameters of the hash that are no NULL', of({ parameters: sequence() })],
    ['requestList', 'two parameters of the hash', of({ parameters: Uint8Array.of(...nothing(), ...nothing()) })],
    ['requestList', 'a serial of zero', of({ serial: integer(0) })],
    ['requestList', 'a negative serial', of({ serial: element(tag.integer, Uint8Array.of(0x80)) })],
    ['requestList', 'a serial of 21 octets', of({ serial: element(tag.integer, random(21)) })],
    ['requestList', 'a padded serial', of({ serial: element(tag.integer, Uint8Array.of(0, 1)) })],
    ['requestList', 'two serials', of({ serial: Uint8Array.of(...integer(1), ...integer(2)) })],
    [
      'requestList',
      'a critical extension of one question',
      ocspRequest({
        requests: [sequence(certId(intermediate), explicit(0, sequence(nonce(octetString(random(16)), true))))],
      }),
    ],
    ['requestExtensions', 'no extension', extended()],
    [
      'requestExtensions',
      'a critical one that is not known',
      extended(extension('1.3.6.1.5.5.7.48.1.4', sequence(), true)),
    ],
    [
      'requestExtensions',
      'critical FALSE written out',
      extended(sequence(oid('1.2.3'), boolean(false), octetString())),
    ],
    ['requestExtensions', 'two nonces', extended(nonce(octetString(random(16))), nonce(octetString(random(16))))],
    ['requestExtensions', 'a nonce of no octet', extended(nonce(octetString()))],
    ['requestExtensions', 'a nonce without anything', extended(nonce(new Uint8Array()))],
    ['requestExtensions', 'a nonce of 129 octets', extended(nonce(octetString(random(129))))],
    ['requestExtensions', 'a nonce of 300 octets', extended(nonce(octetString(random(300))))],
    ['requestExtensions', 'a nonce of 129 octets that is the value itself', extended(nonce(random(129)))],
    [
      'requestExtensions',
      'seventeen extensions',
      extended(...Array.from({ length: 17 }, (_, at) => extension(`1.2.3.${at}`, sequence()))),
    ],
    [
      'requestExtensions',
      'something behind them',
      plain({ behind: [explicit(2, sequence(extension('1.2.3', sequence()))), integer(1)] }),
    ],
    ['optionalSignature', 'a signature of nothing', plain({ signature: [explicit(0)] })],
    [
      'optionalSignature',
      'a signature without bits',
      plain({ signature: [explicit(0, sequence(algorithmIdentifier('ed25519')))] }),
    ],
    ['optionalSignature', 'two signatures', plain({ signature: [explicit(0, signature), explicit(0, signature)] })],
  ])('is refused in %s: %s', (field, _, der) => {
    expect(refusedField(der)).toBe(field);
  });

  it('is refused cut off anywhere', () => {
    const whole = plain({
      behind: [explicit(2, sequence(nonce(octetString(random(16)))))],
      signature: [explicit(0, signature)],
    });
    expect(refusedField(whole)).toBeUndefined();
    for (let length = 0; length < whole.length; length++) expect(refusedField(whole.subarray(0, length))).toBeDefined();
  });
});
