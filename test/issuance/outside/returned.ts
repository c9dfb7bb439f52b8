import { generateKeyPairSync, sign } from 'node:crypto';
import type { RefusalCode } from '#refusal/refusal.ts';
import { web } from '#test/support/requests.ts';
import { testAuthority } from '#test/support/software-ca.ts';
import type { Der } from '#x509/algorithms.ts';
import { contextConstructed, contextPrimitive, tag } from '#x509/der/tags.ts';
import {
  bitString,
  element,
  explicit,
  integer,
  namedBits,
  nothing,
  oid,
  sequence,
  setOf,
  text,
} from '#x509/der/writer.ts';
import { encodeName } from '#x509/name.ts';
import { toPem } from '#x509/pem.ts';
import { authorityKeyId, caBasicConstraints, keyUsage } from '#x509/profile/extensions.ts';
import { intermediateOf, root } from '../rig.ts';
import {
  type Answering,
  type Asked,
  certificatePem,
  clientAuth,
  constraints,
  dns,
  extension,
  having,
  names,
  plain,
  purposes,
  purposesOf,
  type Shape,
  san,
  serverAuth,
  shaped,
  signed,
  tbsOf,
  uri,
  usage,
  without,
} from './outside-ca.ts';

/** The rig's noon is a day later. */
const issuedAt = Date.UTC(2026, 10, 20, 12) / 1000;
const window = { notBefore: issuedAt, notAfter: issuedAt + 30 * 86_400 };
export const ca = intermediateOf('ec:P-256');
const foreignRoot = testAuthority({ commonName: 'Rig root', kind: 'ec:P-384', ...window });
const foreign = testAuthority({ commonName: 'Rig CA', issuer: foreignRoot, trustDomain: 'cluster.local', ...window });
/** Ends half an hour after the rig's noon: sooner than the leaf would. */
const ending = testAuthority({ commonName: 'Ending', issuer: root, ...window, notAfter: issuedAt + 86_400 + 1_800 });
/** Below a CA that may have none below it. */
const deep = testAuthority({ commonName: 'Deep', issuer: ca, ...window });
const small = testAuthority({ commonName: 'Small', kind: 'rsa:1024', issuer: root, ...window });
const strangers = Array.from({ length: 11 }, (_, n) => testAuthority({ commonName: `Stranger ${n}`, ...window }).pem);
const otherKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'der' });
const other = 'spiffe://cluster.local/ns/demo/sa/other';

const attribute = (type: string, value: string) => setOf(sequence(oid(type), text(tag.utf8String, value)));
const address = element(contextPrimitive(7), Uint8Array.of(192, 0, 2, 1));
const otherName = element(contextConstructed(0), oid('1.3.6.1.4.1.311.20.2.3'), explicit(0, text(tag.utf8String, 'x')));
const crlPlace = explicit(0, explicit(0, uri('http://crl.example.org/mesh.crl')));
const nonRepudiation = extension(usage, namedBits(0b11), true);
const unknown = '1.3.6.1.4.1.55555.1';

const changed = (change: (asked: Asked) => Partial<Shape>) =>
  shaped(ca, (asked) => ({ ...asked.shape, ...change(asked) }));
const extended = (id: string, value: Der) => shaped(ca, ({ shape }) => having(shape, { [id]: value }));
const lacking = (id: string) => shaped(ca, ({ shape }) => without(shape, id));
const named = (...each: readonly Der[]) => extended(san, names(true, ...each));
const lasting = (from: number, to: number) => changed(({ now }) => ({ notBefore: now + from, notAfter: now + to }));

/** SHA-1 in name and deed. */
function withSha1({ shape }: Asked): string {
  const identifier = sequence(oid('1.2.840.10045.4.1'));
  const tbs = Buffer.from(tbsOf(shape, ca));
  const sha256 = sequence(oid('1.2.840.10045.4.3.2'));
  const at = tbs.indexOf(sha256);
  const old = Buffer.concat([tbs.subarray(headerOf(tbs), at), identifier, tbs.subarray(at + sha256.length)]);
  const whole = sequence(old);
  return toPem('CERTIFICATE', sequence(whole, identifier, bitString(sign('sha1', whole, ca.key)))) + ca.pem;
}

const headerOf = (der: Uint8Array) => ((der[1] ?? 0) < 0x80 ? 2 : 2 + ((der[1] ?? 0) & 0x7f));

type Case = readonly [name: string, answering: Answering, field: string, code?: RefusalCode];

/** A whole answer for the request of `web`, and how it is refused: the code, and the field that is named. */
const caseOf = ([name, answering, field, code = 'profile.lint']: Case) => ({ name, answering, field, code });

/** What an issuer may send back in place of a leaf as it should be. */
export const refusedLeaves = (
  [
    ['for another key', changed(() => ({ spki: new Uint8Array(otherKey) as Der })), 'subjectPublicKeyInfo'],
    ['for another identity', named(uri(other)), 'subjectAltName'],
    ['for the identity in another case', named(uri(web.replace('web', 'Web'))), 'subjectAltName'],
    ['for the identity with a slash more', named(uri(`${web}/`)), 'subjectAltName'],
    ['for the identity and another', named(uri(web), uri(other)), 'subjectAltName'],
    ['for the identity twice', named(uri(web), uri(web)), 'subjectAltName'],
    ['for the identity and a DNS name', named(uri(web), dns('istiod.istio-system.svc')), 'subjectAltName'],
    ['for a DNS name', named(dns('cluster.local')), 'subjectAltName'],
    ['for the identity and an address', named(uri(web), address), 'subjectAltName'],
    ['for the identity and an otherName', named(uri(web), otherName), 'subjectAltName'],
    ['without a name', lacking(san), 'subjectAltName'],
    ['whose names are not critical though its subject is empty', extended(san, names(false, uri(web))), 'chain'],
    ['with a common name of its own', changed(() => ({ subject: encodeName({ commonName: 'admin' }) })), 'subject'],
    [
      'with a mail address as its subject',
      changed(() => ({ subject: sequence(attribute('1.2.840.113549.1.9.1', 'a@example.org')) })),
      'subject',
    ],
    ['of a CA', extended(constraints, caBasicConstraints()), 'basicConstraints'],
    [
      'of a CA that may sign certificates',
      shaped(ca, ({ shape }) =>
        having(shape, { [constraints]: caBasicConstraints(0), [usage]: keyUsage('keyCertSign') }),
      ),
      'basicConstraints',
    ],
    ['that may sign certificates', extended(usage, keyUsage('digitalSignature', 'keyCertSign')), 'keyUsage'],
    ['that may sign CRLs', extended(usage, keyUsage('digitalSignature', 'cRLSign')), 'keyUsage'],
    ['that may bind its holder', extended(usage, nonRepudiation), 'keyUsage'],
    ['that may not sign', extended(usage, keyUsage('keyEncipherment')), 'keyUsage'],
    ['without purposes', lacking(purposes), 'extendedKeyUsage'],
    ['for servers alone', extended(purposes, purposesOf(serverAuth)), 'extendedKeyUsage'],
    ['for clients alone', extended(purposes, purposesOf(clientAuth)), 'extendedKeyUsage'],
    ['for code too', extended(purposes, purposesOf(clientAuth, serverAuth, '1.3.6.1.5.5.7.3.3')), 'extendedKeyUsage'],
    ['for any purpose', extended(purposes, purposesOf(clientAuth, serverAuth, '2.5.29.37.0')), 'extendedKeyUsage'],
    ['that lives a second past the tolerance', lasting(0, 3600 - 1 + 61), 'notAfter'],
    ['that lives a year', lasting(0, 365 * 86_400), 'notAfter'],
    ['that began a second before the tolerance', lasting(-120 - 61, 3600), 'notBefore'],
    ['that begins a second after the tolerance', lasting(61, 3600), 'notBefore'],
    ['that has ended', lasting(-100, -1), 'notAfter'],
    ['whose middle is a second too near', lasting(-119, 237), 'validity'],
    ['larger than permitted', extended(unknown, extension(unknown, new Uint8Array(16_384))), 'size'],
    ['with a critical extension that nobody knows', extended(unknown, extension(unknown, nothing(), true)), 'chain'],
    [
      'with constraints on names below it',
      extended(
        '2.5.29.30',
        extension('2.5.29.30', sequence(element(contextConstructed(0), sequence(dns('local')))), true),
      ),
      'chain',
    ],
    ['without a word on who signed it', lacking('2.5.29.35'), 'chain'],
    ['that names another key of its issuer', extended('2.5.29.35', authorityKeyId(new Uint8Array(20))), 'chain'],
    ['of version 1', changed(() => ({ version: explicit(0, integer(0)) })), 'chain'],
    ['with a serial number of zero', changed(() => ({ serial: Uint8Array.of(0) })), 'chain'],
    ['with a serial number of 21 octets', changed(() => ({ serial: new Uint8Array(21).fill(0x41) })), 'chain'],
    ['signed with SHA-1', withSha1, 'chain'],
  ] satisfies readonly Case[]
).map(caseOf);

export const refusedChains = (
  [
    ['nothing', () => '', 'chain'],
    ['words', () => 'it is on its way', 'chain'],
    ['a PEM block of rubbish', () => toPem('CERTIFICATE', Buffer.from('rubbish')), 'chain'],
    ['a key', () => toPem('PRIVATE KEY', Buffer.from('rubbish')), 'chain'],
    ['the request', ({ order }) => order.csr, 'chain'],
    ['a certificate cut short', async (asked, signal) => (await plain(ca)(asked, signal)).slice(0, 400), 'chain'],
    ['words before the leaf', async (asked, signal) => `subject=web\n${await plain(ca)(asked, signal)}`, 'chain'],
    ['words after the leaf', ({ shape }) => `${certificatePem(shape, ca)}and more`, 'chain'],
    [
      'rubbish after the leaf',
      ({ shape }) => certificatePem(shape, ca) + toPem('CERTIFICATE', Buffer.of(0x30, 0)),
      'chain',
    ],
    [
      'octets after the certificate',
      ({ shape }) => toPem('CERTIFICATE', Buffer.concat([signed(tbsOf(shape, ca), ca), Buffer.of(0)])),
      'chain',
    ],
    ['the leaf after its issuer', ({ shape }) => ca.pem + certificatePem(shape, ca), 'subjectPublicKeyInfo'],
    ['the issuer alone', () => ca.pem, 'subjectPublicKeyInfo'],
    ['a leaf without its issuer', plain(ca, ''), 'chain'],
    ['thirteen certificates', plain(ca, ca.pem + strangers.join('')), 'chain'],
    ['more text than anybody reads', plain(ca, ca.pem + '\n'.repeat(128 * 1024)), 'chain'],
    ['a leaf by a CA of the same name under a foreign root', plain(foreign), 'chain'],
    ['the same with that root', plain(foreign, foreign.pem + foreignRoot.pem), 'chain'],
    ['a leaf in the name of our CA by a foreign key', ({ shape }) => certificatePem(shape, foreign) + ca.pem, 'chain'],
    ['a leaf without its issuer and with the root', plain(ca, root.pem), 'chain'],
    ['a leaf by a CA that may not be there', plain(deep, deep.pem + ca.pem), 'chain'],
    ['a leaf by a CA with a key of no strength', plain(small), 'chain'],
    ['a leaf that outlives its CA', plain(ending), 'notAfter', 'issuer.expired'],
  ] satisfies readonly Case[]
).map(caseOf);

/** `elements`: of the answer to the client, roots in the last one. */
export const taken: readonly (readonly [name: string, answering: Answering, elements: number])[] = [
  ['as the CA issuer makes them', plain(ca), 3],
  ['with the root at the end', plain(ca, ca.pem + root.pem), 3],
  ['with the root first', plain(ca, root.pem + ca.pem), 3],
  ['with the chain in disorder, and strangers in it', plain(ca, strangers.slice(0, 5).join('') + ca.pem), 3],
  ['with the same issuer twice', plain(ca, ca.pem + ca.pem), 3],
  [
    'with lines that end as on Windows',
    async (asked, signal) => (await plain(ca)(asked, signal)).replaceAll('\n', '\r\n'),
    3,
  ],
  ['signed by the root itself', plain(root, ''), 2],
  ['with keyUsage as istiod sets it', extended(usage, keyUsage('digitalSignature', 'keyEncipherment')), 3],
  ['with keyAgreement beside it', extended(usage, extension(usage, namedBits(0b10101), true)), 3],
  ['without basicConstraints', lacking(constraints), 3],
  ['with the identity as a common name', changed(() => ({ subject: sequence(attribute('2.5.4.3', web)) })), 3],
  [
    'with an organization that the issuer adds',
    changed(() => ({ subject: sequence(attribute('2.5.4.10', 'Example')) })),
    3,
  ],
  [
    'with places for CRLs that nobody asked for',
    extended('2.5.29.31', extension('2.5.29.31', sequence(sequence(crlPlace)))),
    3,
  ],
  ['with a shorter life', lasting(0, 600), 3],
  ['that begin a minute early and end a minute late', lasting(-180, 3659), 3],
  ['by a clock that is a minute ahead', lasting(60, 3659), 3],
];
