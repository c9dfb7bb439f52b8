/** What an issuer may lack, by the names that cert-manager's own suite has for it. */
export type Feature =
  | 'ACMEUseARI'
  | 'CommonName'
  | 'Duration'
  | 'ECDSA'
  | 'Ed25519'
  | 'EmailSANs'
  | 'IPAddresses'
  | 'IssueCA'
  | 'KeyUsages'
  | 'LiteralCertificateSubject'
  | 'LongDomain'
  | 'OnlySAN'
  | 'OtherNames'
  | 'ReusePrivateKey'
  | 'SaveCAToSecret'
  | 'SaveRootCAToSecret'
  | 'URISANs'
  | 'Wildcards';

/** The members of a Certificate's `spec` that say what shall be certified, as the API has them. */
export interface Wish {
  readonly dnsNames?: readonly string[];
  readonly commonName?: string;
  readonly subject?: { readonly organizations?: readonly string[]; readonly [field: string]: unknown };
  /** RFC 4514: the last relative name comes first in the certificate. */
  readonly literalSubject?: string;
  readonly otherNames?: readonly { readonly oid: string; readonly utf8Value: string }[];
  readonly ipAddresses?: readonly string[];
  readonly uris?: readonly string[];
  readonly emailAddresses?: readonly string[];
  readonly isCA?: boolean;
  /** As Go writes durations, in hours, minutes and seconds. */
  readonly duration?: string;
  readonly usages?: readonly string[];
  readonly encodeUsagesInRequest?: boolean;
  readonly nameConstraints?: unknown;
  readonly privateKey?: KeyWish;
}

export interface KeyWish {
  readonly algorithm?: 'RSA' | 'ECDSA' | 'Ed25519';
  readonly size?: number;
  readonly rotationPolicy?: 'Never' | 'Always';
}

const defaultDuration = '2160h';
const secondsIn: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1 };

export function secondsOf({ duration = defaultDuration }: Wish): number {
  const parts = [...duration.matchAll(/(\d+)([hms])/g)];
  return parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (secondsIn[unit] ?? Number.NaN), 0);
}

/** What a Certificate's certificate is for: a CA signs, whether it says so or not. */
export function usagesOf({ usages = ['digital signature', 'key encipherment'], isCA = false }: Wish): string[] {
  return [...new Set([...usages, ...(isCA ? ['cert sign'] : [])])];
}

export interface Attribute {
  readonly type: string;
  readonly value: string;
}

const attributeTypes: Readonly<Record<string, string>> = {
  CN: '2.5.4.3',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  UID: '0.9.2342.19200300.100.1.1',
};

/** Relative names in the order of the certificate. None of the wishes here has an escaped character. */
export function relativeNamesOf(literal: string): Attribute[][] {
  const names = literal.split(',').toReversed();
  return names.map((name) =>
    name.split('+').map((attribute) => {
      const [word = '', value = ''] = attribute.split('=');
      return { type: attributeTypes[word] ?? word, value };
    }),
  );
}

/** Values of one attribute, in order. */
export const valuesOf = (names: readonly (readonly Attribute[])[], word: string): string[] =>
  names.flat().flatMap(({ type, value }) => (type === attributeTypes[word] ? [value] : []));
