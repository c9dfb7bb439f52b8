import Type, { type Static, type TProperties } from 'typebox';
import { ByteSize, Duration, OneOf } from '#document/scalars.ts';
import { refusalCodes } from '#refusal/refusal.ts';
import { certificateKinds } from '#x509/certificate-kind.ts';
import { purposeNames } from '#x509/extended-key-usage.ts';
import { keyUsageNames } from '#x509/key-usage.ts';
import { floorKeys, floorSignatures, profileNames } from './approved.ts';
import type { AuthenticatorName } from './caller.ts';
import { doorNames } from './permit.ts';

/** The shape of `policies/*.yaml`: one document is one policy (contract §5.2). */

const authenticators = [
  'client-cert',
  'oidc',
  'k8s-token',
  'xfcc',
  'kubernetes-object',
] as const satisfies readonly AuthenticatorName[];

const closed = <Properties extends TProperties>(properties: Properties) =>
  Type.Object(properties, { additionalProperties: false });
const optional = Type.Optional;

/** Has its place in the format; `compile.ts` says with what it comes. */
const Reserved = optional(Type.Unknown());

const some = <const Words extends readonly string[]>(words: Words) =>
  Type.Array(OneOf(...words), { minItems: 1, maxItems: 64, uniqueItems: true });

const globsOf = (form: string, description: string, examples: string[]) =>
  Type.Array(Type.String({ pattern: form, maxLength: 255, description, examples }), {
    minItems: 1,
    maxItems: 256,
    uniqueItems: true,
  });

const labelGlobs = (what: string, ...examples: string[]) =>
  globsOf('^[A-Za-z0-9._*?-]+$', `${what}, or a pattern of it with * and ?`, examples);

const userGlobs = (what: string, example: string) =>
  globsOf('^[\\x21-\\x7e]+$', `${what}, or a pattern of it with * and ?`, [example]);

const Match = closed({
  /** What is asked for; an allow policy that says nothing is about SVIDs, a deny policy about all. */
  kinds: optional(some(certificateKinds)),
  doors: optional(some(doorNames)),
  clusters: optional(labelGlobs('the name of a cluster', 'prod-eu', 'prod-*')),
  trustDomains: optional(labelGlobs('a trust domain', 'cluster.local', '*.example')),
  namespaces: optional(labelGlobs('a namespace', 'payments', 'payments-*')),
  serviceAccounts: optional(labelGlobs('a service account', 'api', '*')),
  authenticators: optional(some(authenticators)),
  impersonated: optional(Type.Union([Type.Boolean(), Type.Literal('any')])),
  users: optional(userGlobs('who Kubernetes says made the request', 'system:serviceaccount:cert-manager:cert-manager')),
  groups: optional(userGlobs('a group that Kubernetes counts that user into', 'system:serviceaccounts:shop')),
  issuerRefs: optional(
    globsOf(
      '^(clusterissuers/[A-Za-z0-9._*?-]+|issuers/[A-Za-z0-9._*?-]+/[A-Za-z0-9._*?-]+)$',
      'an issuer that requests name',
      ['clusterissuers/mesh', 'issuers/shop/gateway'],
    ),
  ),
  when: Reserved,
});

const Key = closed({
  allow: optional(some(floorKeys)),
  reuse: Reserved,
  maxAge: Reserved,
  weakKeys: Reserved,
});

const Csr = closed({
  signatures: optional(some(floorSignatures)),
  subject: optional(OneOf('ignore', 'reject')),
  challengePassword: optional(OneOf('reject', 'ignore')),
  unknownAttributes: optional(OneOf('reject', 'ignore')),
  unlistedExtensions: optional(OneOf('reject', 'ignore')),
});

const Identity = closed({
  equalsCaller: optional(Type.Boolean()),
  patterns: optional(
    globsOf('^spiffe://[A-Za-z0-9._*?/-]+$', 'a pattern of SPIFFE IDs, where * stays inside one path segment', [
      'spiffe://prod.example/ns/payments/sa/*',
    ]),
  ),
});

const modes = ['forbidden', 'ignored', 'optional', 'required'] as const;

/** Names of one kind: whether they may be, or must be, and which. */
const named = (form: string, what: string, example: string) =>
  optional(closed({ mode: OneOf(...modes), patterns: optional(globsOf(form, what, [example])) }));

const Sans = closed({
  uri: optional(
    closed({
      mode: OneOf('required', 'optional', 'ignored'),
      max: optional(Type.Literal(1, { description: '1: an SVID has exactly one URI' })),
      patterns: optional(
        globsOf(
          '^[A-Za-z][A-Za-z0-9+.-]*:[\\x21-\\x7e]+$',
          'a pattern of URIs, where * stays inside one path segment',
          ['spiffe://shop.example/ns/*/sa/*'],
        ),
      ),
    }),
  ),
  dns: optional(
    closed({
      mode: OneOf(...modes),
      patterns: optional(
        globsOf('^[A-Za-z0-9*?.-]+$', 'a pattern of DNS names, where * stays inside one label', ['*.shop.example']),
      ),
      wildcards: optional(OneOf('reject', 'allow')),
    }),
  ),
  ip: named('^[0-9A-Fa-f:.]+/[0-9]{1,3}$', 'a network', '10.0.0.0/8'),
  email: named('^[\\x21-\\x7e]+$', 'a pattern of mailboxes, where * stays on its side of the @', '*@shop.example'),
  other: named('^[0-2](\\.(0|[1-9][0-9]*))+$', 'the type of an otherName, dotted', '1.3.6.1.4.1.311.20.2.3'),
});

/** Of a certificate that names what its request names. */
const Subject = closed({
  mode: OneOf('forbidden', 'optional', 'required'),
  commonNames: optional(
    globsOf('^[^\\x00-\\x1f]+$', 'a pattern of common names, where * stays between dots', ['*.shop.example']),
  ),
  organizations: optional(globsOf('^[^\\x00-\\x1f]+$', 'a pattern of organization names', ['Shop Inc.'])),
});

const Validity = closed({
  default: Duration,
  max: Duration,
  min: optional(Duration),
  above: optional(OneOf('clamp', 'reject')),
  below: optional(OneOf('clamp', 'reject')),
  beyondIssuer: optional(OneOf('clamp', 'reject')),
  backdate: optional(Duration),
  jitter: optional(Duration),
});

const Certificate = closed({
  issuer: optional(Type.String({ pattern: '^(\\*|[a-z0-9-]{1,40})$', description: 'the name of an issuer, or "*"' })),
  signatureHash: optional(OneOf('match-key', 'sha256', 'sha384', 'sha512')),
  keyUsage: optional(some(keyUsageNames)),
  keyEncipherment: optional(OneOf('rsa-only', 'always', 'never')),
  extendedKeyUsage: optional(some(purposeNames)),
  nameConstraints: optional(OneOf('refuse', 'copy')),
  tlsFeature: optional(OneOf('refuse', 'copy')),
  pathLength: optional(
    Type.Integer({ minimum: 0, maximum: 8, description: 'how many CAs may follow below the one that is issued' }),
  ),
  extensions: Reserved,
  maxSize: optional(ByteSize),
});

const Rate = closed({
  burst: Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'how many at once, and in the time of "per"' }),
  per: Duration,
});

const Require = closed({
  fips: optional(OneOf('policy', 'provider', 'hsm')),
  profile: optional(OneOf(...profileNames)),
});

const word = Type.String({ pattern: '^[A-Za-z0-9._:-]+$', maxLength: 255, description: 'one plain word' });
const names = Type.Array(Type.String({ maxLength: 2048 }), { maxItems: 16 });

/** What a case says of the request; what it leaves out is an ordinary sidecar's. */
const Given = closed({
  key: word,
  door: optional(OneOf(...doorNames)),
  cluster: optional(word),
  trustDomain: optional(word),
  namespace: optional(word),
  serviceAccount: optional(word),
  identity: optional(Type.String({ maxLength: 4096 })),
  authenticator: optional(OneOf(...authenticators)),
  /** A node's agent asks for that identity. */
  impersonated: optional(Type.Boolean()),
  ttl: optional(Duration),
  kind: optional(OneOf(...certificateKinds)),
  keyUsage: optional(some(keyUsageNames)),
  extendedKeyUsage: optional(some(purposeNames)),
  user: optional(Type.String({ maxLength: 512 })),
  groups: optional(Type.Array(Type.String({ maxLength: 512 }), { maxItems: 64 })),
  issuerRef: optional(Type.String({ maxLength: 512 })),
  organization: optional(Type.String({ maxLength: 255 })),
  others: optional(names),
  /** How the door reads a CSR: istiod's way where nothing is said. */
  dialect: optional(OneOf('istiod', 'istio-csr')),
  csrSignature: optional(word),
  uris: optional(names),
  dns: optional(names),
  ips: optional(names),
  emails: optional(names),
  commonName: optional(Type.String({ maxLength: 255 })),
  issuer: optional(
    closed({
      name: optional(word),
      key: optional(OneOf(...floorKeys)),
      remaining: optional(Duration),
      pathLength: optional(Type.Integer({ minimum: 0, maximum: 8 })),
    }),
  ),
});

const Expect = closed({
  decision: OneOf('allow', 'deny'),
  ttl: optional(Duration),
  code: optional(OneOf(...refusalCodes)),
  policy: optional(Type.String({ maxLength: 40 })),
});

const Case = closed({ name: Type.String({ minLength: 1, maxLength: 120 }), given: Given, expect: Expect });

export const PolicyDocument = closed({
  apiVersion: Type.Literal('countersign.dev/v1'),
  kind: Type.Literal('IssuancePolicy'),
  metadata: closed({
    name: Type.String({
      pattern: '^[a-z0-9-]{1,40}$',
      description: 'a short name of a-z, 0-9 and "-", up to 40 long',
      examples: ['payments-p256'],
    }),
    description: optional(Type.String({ maxLength: 2000 })),
    owner: optional(Type.String({ maxLength: 200 })),
    reference: optional(Type.Array(Type.String({ maxLength: 200 }), { maxItems: 32 })),
  }),
  spec: closed({
    mode: optional(OneOf('enforce', 'dryRun', 'off')),
    priority: Type.Integer({ minimum: 0, maximum: 1_000_000 }),
    expires: optional(
      Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$', description: 'a day', examples: ['2027-06-30'] }),
    ),
    match: optional(Match),
    effect: OneOf('allow', 'deny'),
    message: optional(Type.String({ minLength: 1, maxLength: 300 })),
    key: optional(Key),
    csr: optional(Csr),
    identity: optional(Identity),
    subject: optional(Subject),
    sans: optional(Sans),
    validity: optional(Validity),
    certificate: optional(Certificate),
    rate: optional(closed({ total: optional(Rate), perNamespace: optional(Rate), perIdentity: optional(Rate) })),
    require: optional(Require),
    rules: Reserved,
    tests: optional(Type.Array(Case, { maxItems: 200 })),
  }),
});

export type PolicyDocument = Static<typeof PolicyDocument>;
export type PolicySpec = PolicyDocument['spec'];
export type PolicyCase = Static<typeof Case>;
