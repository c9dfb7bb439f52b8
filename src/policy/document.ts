import Type, { type Static, type TProperties } from 'typebox';
import { ByteSize, Duration, OneOf } from '#document/scalars.ts';
import { refusalCodes } from '#refusal/refusal.ts';
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

const Match = closed({
  doors: optional(some(doorNames)),
  clusters: optional(labelGlobs('the name of a cluster', 'prod-eu', 'prod-*')),
  trustDomains: optional(labelGlobs('a trust domain', 'cluster.local', '*.example')),
  namespaces: optional(labelGlobs('a namespace', 'payments', 'payments-*')),
  serviceAccounts: optional(labelGlobs('a service account', 'api', '*')),
  authenticators: optional(some(authenticators)),
  impersonated: optional(Type.Union([Type.Boolean(), Type.Literal('any')])),
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

const unissued = () => optional(closed({ mode: OneOf('forbidden', 'ignored', 'optional', 'required') }));

const Sans = closed({
  uri: optional(
    closed({
      mode: OneOf('required', 'optional', 'ignored'),
      max: optional(Type.Literal(1, { description: '1: an SVID has exactly one URI' })),
    }),
  ),
  dns: unissued(),
  ip: unissued(),
  email: unissued(),
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
  keyUsage: optional(Type.Array(OneOf('digitalSignature'), { minItems: 1, maxItems: 1 })),
  keyEncipherment: optional(OneOf('rsa-only', 'always', 'never')),
  extendedKeyUsage: optional(some(['serverAuth', 'clientAuth'])),
  extensions: Reserved,
  maxSize: optional(ByteSize),
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
  /** How the door reads a CSR: istiod's way where nothing is said. */
  dialect: optional(OneOf('istiod', 'istio-csr')),
  csrSignature: optional(word),
  uris: optional(names),
  dns: optional(names),
  ips: optional(names),
  emails: optional(names),
  commonName: optional(Type.String({ maxLength: 255 })),
  issuer: optional(closed({ name: optional(word), key: optional(OneOf(...floorKeys)), remaining: optional(Duration) })),
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
    sans: optional(Sans),
    validity: optional(Validity),
    certificate: optional(Certificate),
    rate: Reserved,
    require: optional(Require),
    rules: Reserved,
    tests: optional(Type.Array(Case, { maxItems: 200 })),
  }),
});

export type PolicyDocument = Static<typeof PolicyDocument>;
export type PolicySpec = PolicyDocument['spec'];
export type PolicyCase = Static<typeof Case>;
