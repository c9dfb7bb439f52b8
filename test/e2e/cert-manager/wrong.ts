import 'reflect-metadata'; // what @peculiar/x509 asks of its users
import * as x509 from '@peculiar/x509';
import { wish } from './by-hand.ts';
import { alternatives, around, conditions, type Fault, object, request, subject, terms } from './faults.ts';
import { newKeys, subjectOf } from './request.ts';

const { KeyUsageFlags, ExtendedKeyUsage } = x509;
const { digitalSignature, keyEncipherment, keyCertSign } = KeyUsageFlags;
const literal = wish.literalSubject;

const uncritical = ({ type, value }: x509.Extension) => new x509.Extension(type, false, value);
const critical = ({ type, value }: x509.Extension) => new x509.Extension(type, true, value);
const usage = (flags: x509.KeyUsageFlags) => new x509.KeyUsagesExtension(flags, true);
const basic = (ca: boolean) => new x509.BasicConstraintsExtension(ca, undefined, true);
/** What stands where nothing shall be. */
const nothing = new x509.Extension('1.3.6.1.4.1.99999.1', false, Uint8Array.of(5, 0));
/** Permits the DNS names below example.com. */
const constraints = new x509.Extension('2.5.29.30', true, Buffer.from('3011a00f300d820b6578616d706c652e636f6d', 'hex'));
const keyPair = async () => (await newKeys('ECDSA')).publicKey;

const ready = { type: 'Ready', status: 'True', reason: 'Issued', observedGeneration: 2 };
const approved = { type: 'Approved', status: 'True' };

/** What is wrong, by the name of the check that has to see it. */
export const wrong: Readonly<Record<string, Readonly<Record<string, Fault>>>> = {
  'has every DNS name that was asked for, and a client finds it': {
    'one is missing': alternatives({ dnsNames: ['web.example.com'] }),
    'they are URIs': alternatives({ dnsNames: [], uris: [...wish.uris, ...wish.dnsNames] }),
  },
  'has the organizations that were asked for': {
    another: subject(literal.replace('O=Corp.', 'O=Other')),
    none: subject(literal.replace(',O=Corp.', '')),
    'one more': subject(`${literal},O=Other`),
  },
  'has the common name that was asked for; where none was, none but one of its own names': {
    another: subject(literal.replace('CN=web', 'CN=api')),
    none: subject(literal.replace('CN=web.example.com,', '')),
    'one that is none of its names': async (hand) => ({
      ...(await hand.facts({ subject: subjectOf({ commonName: 'api.example.com' }) })),
      wish: { dnsNames: wish.dnsNames },
    }),
  },
  'K-16: has no common name that the request did not have': {
    'one of its DNS names': request({ literalSubject: 'OU=Mesh,OU=Bar,O=Corp.' }),
  },
  'has the URIs that were asked for, and no others': {
    'one more': alternatives({ uris: [...wish.uris, 'spiffe://cluster.local/ns/sandbox/sa/bar'] }),
    none: alternatives({ uris: [] }),
  },
  'has the email addresses that were asked for, and no others': {
    another: alternatives({ emailAddresses: ['api@example.com'] }),
    'one more': alternatives({ emailAddresses: [...wish.emailAddresses, 'api@example.com'] }),
  },
  'has the IP addresses that were asked for, and no others': {
    'another of IPv4': alternatives({ ipAddresses: ['10.0.0.2', '2001:db8::1'] }),
    'another of IPv6': alternatives({ ipAddresses: ['10.0.0.1', '2001:db8:1::'] }),
    'as text': alternatives({ ipAddresses: [], dnsNames: [...wish.dnsNames, ...wish.ipAddresses] }),
  },
  'K-24: has the otherNames that were asked for, to the octet': {
    none: alternatives({ otherNames: [] }),
    another: alternatives({ otherNames: [{ oid: '1.3.6.1.4.1.311.20.2.3', utf8Value: 'upn@domain2.test' }] }),
  },
  'K-25: has the literal subject in its order': {
    reversed: subject(literal.split(',').toReversed().join(',')),
    'two of a kind exchanged': subject('CN=web.example.com,OU=Bar,OU=Mesh,O=Corp.'),
    'two in one relative name': subject('CN=web.example.com,OU=Mesh+OU=Bar,O=Corp.'),
  },
  'K-15: is for the key of the request, and of whoever asked': {
    'for another': terms(async () => ({ publicKey: await keyPair() })),
    'for that of another request': request({}),
  },
  'is a CA exactly where that was asked for, and says so critically': {
    'a CA': terms(() => ({ isCa: basic(true) })),
    'not critical': terms(({ isCa }) => ({ isCa: uncritical(isCa) })),
    'not said': terms(() => ({ isCa: nothing })),
    'no CA': around(() => ({ wish: { ...wish, isCA: true } })),
  },
  'K-17: has the key usage that was asked for, critical and to the bit': {
    'one more': terms(() => ({ keyUsage: usage(digitalSignature | keyEncipherment) })),
    another: terms(() => ({ keyUsage: usage(keyEncipherment) })),
    'not critical': terms(({ keyUsage }) => ({ keyUsage: uncritical(keyUsage) })),
    none: terms(() => ({ keyUsage: nothing })),
    'one less': around(({ usages }) => ({ usages: [...usages, 'cert sign'] })),
  },
  'has the extended key usages that were asked for, and no others': {
    'one less': terms(() => ({ purposes: new x509.ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]) })),
    'one more': terms(() => ({ purposes: new x509.ExtendedKeyUsageExtension(Object.values(ExtendedKeyUsage)) })),
    none: terms(() => ({ purposes: nothing })),
  },
  'K-20: lives as long as was asked for, by default 2160 hours': {
    'for 31 s more': terms(({ lifetime }) => ({ lifetime: lifetime + 31 })),
    'for 31 s less': terms(({ lifetime }) => ({ lifetime: lifetime - 31 })),
    'for the default, where another was asked for': around(() => ({ wish: { ...wish, duration: '896h' } })),
  },
  'K-15: has the subject of the request, to the octet': {
    'another string type': terms(() => ({
      subject: new x509.Name([
        { O: [{ printableString: 'Corp.' }] },
        { OU: [{ utf8String: 'Bar' }] },
        { OU: [{ utf8String: 'Mesh' }] },
        { CN: [{ utf8String: 'web.example.com' }] },
      ]),
    })),
  },
  'K-15: has the subjectAltName of the request, to the octet': {
    'two exchanged': alternatives({ dnsNames: wish.dnsNames.toReversed() }),
    none: terms(() => ({ alternatives: nothing })),
  },
  'K-15: has a critical subjectAltName exactly where the subject is empty': {
    'with a subject': terms((good) => ({ alternatives: critical(good.alternatives) })),
    'with none': terms(() => ({ subject: new x509.Name([]) })),
  },
  'K-26: has the name constraints of the request': {
    'some that it did not have': terms(() => ({ constraints: [constraints] })),
  },
  'K-13: comes in PEM blocks of certificates, with no text before, between and after them': {
    'text before': around(({ chain }) => ({ chain: `subject=web\n${chain}` })),
    'text between': around(({ chain }) => ({ chain: chain.replace('-----\n-----', '-----\n\n-----') })),
    'two ends of line': around(({ chain }) => ({ chain: `${chain}\n` })),
    'no end of line': around(({ chain }) => ({ chain: chain.trim() })),
    'another kind of block': around(({ chain, key }) => ({ chain: chain + key })),
    'no certificate': around(() => ({ chain: '' })),
  },
  'K-13: is followed by its issuer, and that by its own': {
    'intermediates exchanged': around(({ chain }, { issuer, middle }) => ({
      chain: chain.replace(issuer.pem + middle.pem, middle.pem + issuer.pem),
    })),
    'one missing': around(({ chain }, { issuer }) => ({ chain: chain.replace(issuer.pem, '') })),
    'another’s': around(({ chain }, { middle, issuer, stranger }) => ({
      chain: chain.replace(issuer.pem + middle.pem, stranger.pem),
    })),
  },
  'K-13: comes without a certificate that signed itself': {
    'the root at the end': around(({ chain }, { root }) => ({ chain: chain + root.pem })),
  },
  'K-14: verifies in OpenSSL with nothing but what came with it': {
    'another root': around((_, { stranger }) => ({ ca: stranger.pem })),
    'no root': around(() => ({ ca: '' })),
    'an intermediate missing': around(({ chain }, { middle }) => ({ chain: chain.replace(middle.pem, '') })),
    'not for servers': terms(() => ({ purposes: new x509.ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]) })),
    'has ended': terms(() => ({ lifetime: -60 })),
  },
  'K-14: verifies in Go with nothing but what came with it': {
    'another root': around((_, { stranger }) => ({ ca: stranger.pem })),
    'no root': around(() => ({ ca: '' })),
    'an intermediate missing': around(({ chain }, { middle }) => ({ chain: chain.replace(middle.pem, '') })),
    'not for clients': terms(() => ({ purposes: new x509.ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]) })),
    'has ended': terms(() => ({ lifetime: -60 })),
  },
  'K-14: comes with its own root first among the roots': {
    'an intermediate': around((_, { middle, root }) => ({ ca: middle.pem + root.pem })),
    'another before it': around((_, { stranger, root }) => ({ ca: stranger.pem + root.pem })),
    none: around(() => ({ ca: '' })),
  },
  'has the end that the status of the Certificate says': {
    'a second later': object('certificate', { status: { notAfter: '2026-11-21T00:00:01Z' } }),
    'nothing said': object('certificate', { status: { notAfter: null } }),
  },
  'is Ready for the newest generation of the Certificate': {
    'an older one': conditions('certificate', { ...ready, observedGeneration: 1 }),
    'not Ready': conditions('certificate', { ...ready, status: 'False' }),
    'nothing said': conditions('certificate'),
  },
  'is in a Secret of the right type, with key, certificate, roots and nothing else': {
    'without roots': object('secret', { data: { 'ca.crt': null } }),
    'with something else': object('secret', { data: { token: '' } }),
    Opaque: object('secret', { type: 'Opaque' }),
  },
  'is in a Secret that is labelled as cert-manager’s and names its Certificate and issuer': {
    'no label': object('secret', { metadata: { labels: null } }),
    'another Certificate': object('secret', {
      metadata: { annotations: { 'cert-manager.io/certificate-name': 'api' } },
    }),
    'another group': object('secret', { metadata: { annotations: { 'cert-manager.io/issuer-group': 'test' } } }),
  },
  'is for a key of the kind and size that were asked for': {
    'no RSA': around(() => ({ wish: { ...wish, privateKey: {} } })),
    'no P-384': around(() => ({ wish: { ...wish, privateKey: { algorithm: 'ECDSA', size: 384 } } })),
    'no Ed25519': around(() => ({ wish: { ...wish, privateKey: { algorithm: 'Ed25519' } } })),
  },
  'K-7: is of a request that ended as Issued and in no other way': {
    'another reason': conditions('request', approved, { ...ready, reason: 'Pending' }),
    'denied too': conditions('request', approved, ready, { type: 'Denied', status: 'True' }),
    'failed too': object('request', { status: { failureTime: '2026-11-21T00:00:00Z' } }),
  },
  'K-13, K-14: is in the Secret as the status of the request has it, and so are the roots': {
    'another certificate': object('request', { status: { certificate: '' } }),
    'other roots': object('request', { status: { ca: '' } }),
  },
  'is of a request that was approved and neither denied nor failed': {
    'not approved': conditions('request', ready),
    denied: conditions('request', approved, { type: 'Denied', status: 'True' }),
    failed: conditions('request', approved, { type: 'Failed', status: 'True' }),
  },
  'is for digital signatures': {
    'for other things': terms(() => ({ keyUsage: usage(keyCertSign) })),
    'nothing said': terms(() => ({ keyUsage: nothing })),
  },
};
