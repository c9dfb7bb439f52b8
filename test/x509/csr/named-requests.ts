import { contextConstructed, tag } from '#x509/der/tags.ts';
import { boolean, element, explicit, integer, oid, sequence, text } from '#x509/der/writer.ts';
import { type PurposeName, purposeNames } from '#x509/extended-key-usage.ts';
import type { KeyUsageName } from '#x509/key-usage.ts';
import {
  basicConstraints,
  buildCsr,
  type CsrParts,
  commonName,
  dns,
  ecKey,
  ed25519Key,
  email,
  extension,
  ip,
  name,
  rdn,
  rsaKey,
  san,
  uri,
} from './build.ts';

/** What a certificate is to be for. */
export interface Uses {
  readonly keyUsage: readonly KeyUsageName[];
  readonly extendedKeyUsage: readonly PurposeName[];
  /** Of a CA. */
  readonly pathLength?: number;
}

/** A request whose names the certificate takes over. */
export interface NamedRequest {
  readonly name: string;
  readonly uses: Uses;
  readonly der: Uint8Array;
}

export const usual: Uses = { keyUsage: ['digitalSignature'], extendedKeyUsage: ['serverAuth', 'clientAuth'] };
const ofCa = (pathLength: number): Uses => ({ keyUsage: ['keyCertSign', 'cRLSign'], extendedKeyUsage: [], pathLength });

const host = dns('web.shop.example');
const userPrincipalName = '1.3.6.1.4.1.311.20.2.3';
export const otherName = (type: string, value: Uint8Array) =>
  element(contextConstructed(0), oid(type), explicit(0, value));
const upn = (value: string) => otherName(userPrincipalName, text(tag.utf8String, value));

const ou = '2.5.4.11';
const part = (type: string, identifier: number, value: string | Uint8Array) =>
  rdn(name(type, typeof value === 'string' ? text(identifier, value) : element(identifier, value)));
const domainComponent = (value: string) => part('0.9.2342.19200300.100.1.25', tag.ia5String, value);

/** As RFC 4514 texts are turned into DER: the order is meant, four units, two attributes in one RDN. */
export const literalSubject = sequence(
  domainComponent('example'),
  domainComponent('shop'),
  part('2.5.4.6', tag.printableString, 'DE'),
  part('2.5.4.10', tag.utf8String, 'Shöp'),
  part(ou, tag.printableString, 'one'),
  part(ou, tag.utf8String, 'two'),
  part(ou, tag.bmpString, Uint8Array.of(0, 0x33)),
  part(ou, tag.teletexString, 'four'),
  rdn(name('2.5.4.3', text(tag.utf8String, '*.shop.example')), name('2.5.4.5', text(tag.printableString, '12'))),
);

const keys = {
  'RSA 2048': () => rsaKey(2048),
  'RSA 3072': () => rsaKey(3072),
  'RSA 4096': () => rsaKey(4096),
  'P-256': () => ecKey('P-256'),
  'P-384': () => ecKey('P-384', 'ecdsa-sha384'),
  'P-521': () => ecKey('P-521', 'ecdsa-sha512'),
  Ed25519: ed25519Key,
};

const asking = (what: string, parts: CsrParts, uses = usual): NamedRequest => ({
  name: what,
  uses,
  der: buildCsr(parts.extensions === undefined ? { attributes: [], ...parts } : parts),
});
const names = (...all: readonly Uint8Array[]): CsrParts => ({ extensions: [san(...all)] });

export function namedRequests(): readonly NamedRequest[] {
  return [...onEveryKey(), ...ofEveryName(), ...ofEverySubject(), ...forEveryUse(), ...ofCas()];
}

const onEveryKey = () =>
  Object.entries(keys).map(([kind, key]) => asking(`K-22: a host on ${kind}`, { ...names(host), key: key() }));

const ofEveryName = () => [
  asking('K-23: an address alone', names(ip(10, 0, 0, 1))),
  asking('K-23: IPv6', names(ip(0x20, 0x01, 0x0d, 0xb8, ...new Uint8Array(11), 1), host)),
  asking('K-23: a mailbox alone', names(email('till@shop.example'))),
  asking('K-23: a URI alone', names(uri('spiffe://cluster.local/ns/sandbox/sa/foo'))),
  asking('K-23: a wildcard', names(dns('*.shop.example'))),
  asking('K-23: a wildcard and its apex', names(dns('*.shop.example'), dns('shop.example'))),
  asking('K-23: a label of 63 characters', names(dns(`${'a'.repeat(63)}.shop.example`))),
  asking('a name in punycode', names(dns('xn--bcher-kva.example'))),
  asking('a hundred names', names(...Array.from({ length: 100 }, (_, at) => dns(`host-${at}.shop.example`)))),
  asking('K-24: two otherNames, a mailbox and a common name', {
    ...names(upn('till@shöp.example'), email('till@shop.example'), upn('clerk@shop.example')),
    subject: commonName('till'),
  }),
  asking('K-24: an otherName that is a SEQUENCE', names(otherName('1.2.3.4', sequence(integer(7))), host)),
];

const ofEverySubject = () => [
  asking('K-16, K-23: a common name alone', { subject: commonName('test-common-name-1') }),
  asking('K-15: a common name and a host', { ...names(host), subject: commonName('web.shop.example') }),
  asking('K-25: a subject in all kinds of strings', { ...names(dns('*.shop.example')), subject: literalSubject }),
  asking('a subject of one empty organization', {
    ...names(host),
    subject: sequence(part('2.5.4.10', tag.printableString, '')),
  }),
];

/** RFC 7633: the TLS feature status_request. */
const mustStaple = extension('1.3.6.1.5.5.7.1.24', sequence(integer(5)));

/** What cert-manager asks for where its user says nothing, whatever the key. */
const defaults: Uses = { keyUsage: ['digitalSignature', 'keyEncipherment'], extendedKeyUsage: [] };

const forEveryUse = () => [
  ...(['RSA 2048', 'P-256', 'Ed25519'] as const).map((kind) =>
    asking(`K-17: the default usages on ${kind}`, { ...names(host), key: keys[kind]() }, defaults),
  ),
  asking('purposes alone', names(host), { ...usual, keyUsage: [] }),
  asking('key usages alone', names(host), { ...usual, extendedKeyUsage: [] }),
  asking('a host that must staple', { extensions: [san(host), mustStaple] }),
  asking('every use there is', names(host), {
    keyUsage: [
      'digitalSignature',
      'contentCommitment',
      'keyEncipherment',
      'dataEncipherment',
      'keyAgreement',
      'encipherOnly',
      'decipherOnly',
    ],
    extendedKeyUsage: purposeNames,
  }),
];

const dnsConstraints = sequence(
  element(contextConstructed(0), sequence(dns('shop.example')), sequence(email('shop.example'))),
  element(contextConstructed(1), sequence(dns('bank.shop.example'))),
);

const ofCas = () => [
  asking('a CA with none below', { subject: commonName('Shop CA') }, ofCa(0)),
  asking(
    'a CA with two below',
    {
      subject: commonName('Shop CA'),
      extensions: [basicConstraints(boolean(true), integer(2))],
    },
    ofCa(2),
  ),
  asking(
    'K-26: a CA with name constraints',
    { subject: commonName('Shop CA'), extensions: [extension('2.5.29.30', dnsConstraints, true)] },
    ofCa(0),
  ),
  asking("K-81: SPIRE's CA", { ...names(uri('spiffe://cluster.local')), subject: literalSubject }, ofCa(0)),
  asking(
    'a CA for servers',
    { subject: commonName('Shop CA') },
    {
      keyUsage: ['digitalSignature', 'keyEncipherment', 'keyCertSign'],
      extendedKeyUsage: ['serverAuth'],
      pathLength: 0,
    },
  ),
];
