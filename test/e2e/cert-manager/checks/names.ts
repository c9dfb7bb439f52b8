import { Constructed, ObjectIdentifier, Utf8String } from 'asn1js';
import { type Check, differAsSets, differs } from '../evidence.ts';
import { addressesOf, dnsNamesOf, emailsOf, otherNamesOf, urisOf } from '../reading.ts';
import { relativeNamesOf, valuesOf, type Wish } from '../wish.ts';

/** What the certificate calls its subject, against what was asked for. */
export const nameChecks: readonly Check[] = [
  {
    name: 'has every DNS name that was asked for, and a client finds it',
    complaint({ wish: { dnsNames = [] }, leaf, certificate }) {
      const found = dnsNamesOf(leaf);
      const missing = dnsNames.filter((name) => !found.includes(name));
      const lost = dnsNames.filter((name) => !certificate.checkHost(name.replace('*', 'any'), { subject: 'never' }));
      return differs([], [...missing, ...lost]);
    },
  },
  {
    name: 'has the organizations that were asked for',
    complaint({ wish: { subject, literalSubject = '' }, leaf }) {
      const literal = valuesOf(relativeNamesOf(literalSubject), 'O');
      return differAsSets([...(subject?.organizations ?? []), ...literal], valuesOf(leaf.relativeNames, 'O'));
    },
  },
  {
    name: 'has the common name that was asked for; where none was, none but one of its own names',
    needs: 'CommonName',
    complaint({ wish, leaf }) {
      const found = valuesOf(leaf.relativeNames, 'CN');
      const wanted = commonNameOf(wish);
      if (wanted === undefined) return differs([], notIn(found, [...dnsNamesOf(leaf), ...(wish.ipAddresses ?? [])]));
      return differs([wanted], found);
    },
  },
  {
    name: 'K-16: has no common name that the request did not have',
    complaint({ asked, leaf }) {
      return differs([], notIn(valuesOf(leaf.relativeNames, 'CN'), valuesOf(asked.relativeNames, 'CN')));
    },
  },
  {
    name: 'has the URIs that were asked for, and no others',
    needs: 'URISANs',
    complaint: ({ wish: { uris = [] }, leaf }) => differAsSets(uris, urisOf(leaf)),
  },
  {
    name: 'has the email addresses that were asked for, and no others',
    needs: 'EmailSANs',
    complaint: ({ wish: { emailAddresses = [] }, leaf }) => differAsSets(emailAddresses, emailsOf(leaf)),
  },
  {
    name: 'has the IP addresses that were asked for, and no others',
    needs: 'IPAddresses',
    complaint: ({ wish: { ipAddresses = [] }, leaf }) => differAsSets(ipAddresses.map(octetsOf), addressesOf(leaf)),
  },
  {
    name: 'K-24: has the otherNames that were asked for, to the octet',
    needs: 'OtherNames',
    complaint: ({ wish: { otherNames = [] }, leaf }) => differAsSets(otherNames.map(encoded), otherNamesOf(leaf)),
  },
  {
    name: 'K-25: has the literal subject in its order',
    needs: 'LiteralCertificateSubject',
    complaint({ wish: { literalSubject }, leaf }) {
      if (literalSubject === undefined) return undefined;
      return differs(relativeNamesOf(literalSubject).map(asSet), leaf.relativeNames.map(asSet));
    },
  },
];

const commonNameOf = ({ commonName, literalSubject = '' }: Wish): string | undefined =>
  commonName ?? valuesOf(relativeNamesOf(literalSubject), 'CN')[0];

const notIn = (some: readonly string[], all: readonly string[]) => some.filter((each) => !all.includes(each));

/** The attributes of one relative name are a SET: DER orders them by their octets. */
const asSet = (attributes: readonly { readonly type: string; readonly value: string }[]) =>
  attributes.map(({ type, value }) => `${type}=${value}`).toSorted();

function octetsOf(address: string): string {
  if (!address.includes(':')) return Buffer.from(address.split('.').map(Number)).toString('hex');
  const [head = '', tail] = address.split('::').map(groupsOf);
  return tail === undefined ? head : head + tail.padStart(32 - head.length, '0');
}

const groupsOf = (text: string) =>
  text === ''
    ? ''
    : text
        .split(':')
        .map((group) => group.padStart(4, '0'))
        .join('');

/** DER of the GeneralName. */
function encoded({ oid, utf8Value }: { readonly oid: string; readonly utf8Value: string }): string {
  const idBlock = { tagClass: 3, tagNumber: 0 };
  const value = new Constructed({ idBlock, value: [new Utf8String({ value: utf8Value })] });
  const name = new Constructed({ idBlock, value: [new ObjectIdentifier({ value: oid }), value] });
  return Buffer.from(name.toBER()).toString('hex');
}
