/** How a filter is written: a moment is RFC 3339 or a length of time ago, a span is a length of time. */
type Form = 'text' | 'beginning' | 'hex' | 'account' | 'outcome' | 'moment' | 'span';

interface Filter {
  /** What stands for the value in help. */
  readonly of: string;
  readonly form: Form;
  readonly help: string;
}

/** What an answer can be narrowed by, for every door that asks: the command line's options and their help are these. */
export const filters = {
  identity: { of: 'SPIFFE-ID', form: 'text', help: 'of exactly this SPIFFE ID' },
  'identity-prefix': { of: 'TEXT', form: 'text', help: 'of SPIFFE IDs that begin so' },
  'trust-domain': { of: 'NAME', form: 'text', help: 'of identities in this trust domain' },
  cluster: { of: 'NAME', form: 'text', help: 'asked for from this cluster' },
  namespace: { of: 'NAME', form: 'text', help: 'for workloads of this namespace' },
  'service-account': { of: 'NAMESPACE/NAME', form: 'account', help: 'for this service account' },
  pod: { of: 'NAME', form: 'text', help: 'for the pod of this name' },
  node: { of: 'NAME', form: 'text', help: 'asked for from this node' },
  key: { of: 'SHA256', form: 'hex', help: 'of the key with this SHA-256 of its SubjectPublicKeyInfo' },
  'key-kind': { of: 'KIND', form: 'text', help: 'of keys of this kind, such as rsa:2048 or ec:P-256' },
  serial: { of: 'HEX', form: 'hex', help: 'of the certificate with this serial' },
  sha256: { of: 'HEX', form: 'hex', help: 'of the certificate with this SHA-256 of its DER' },
  issuer: { of: 'NAME', form: 'text', help: 'by the issuer of this name, or of this key id (hex)' },
  policy: { of: 'NAME', form: 'text', help: 'decided by this policy, or under the policy set of this id (hex)' },
  outcome: { of: 'OUTCOME', form: 'outcome', help: 'that came to this end' },
  reason: { of: 'CODE', form: 'beginning', help: 'refused for this reason, or one that begins so, such as key.weak' },
  type: { of: 'TYPE', form: 'beginning', help: 'of this type, or one that begins so, such as certificate' },
  token: { of: 'JTI', form: 'text', help: 'asked for with the token of this jti' },
  since: { of: 'TIME', form: 'moment', help: 'not older: RFC 3339, or a length of time ago such as 2h' },
  until: { of: 'TIME', form: 'moment', help: 'not newer' },
  at: { of: 'TIME', form: 'moment', help: 'certificates that held at this moment, and were not revoked by then' },
  within: { of: 'DURATION', form: 'span', help: 'certificates that end within this time from then' },
  'older-than': {
    of: 'DURATION',
    form: 'span',
    help: 'keys that were first certified so long ago; a day at the least',
  },
} as const satisfies Record<string, Filter>;

export type FilterName = keyof typeof filters;
export const filterNames = Object.keys(filters) as readonly FilterName[];

type ValueOf<F extends Form> = F extends 'moment' | 'span' ? number : string;

/** A filter that is not given is not there. Moments are ms since the epoch, spans ms, hexadecimal is lower case. */
export type Filters = { readonly [Name in FilterName]?: ValueOf<(typeof filters)[Name]['form']> };
