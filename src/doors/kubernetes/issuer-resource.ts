import Type, { type Static } from 'typebox';
import { isDuration, lifetime } from './lifetime.ts';

export const issuerGroup = 'countersign.dev';
export const issuerVersion = 'v1alpha1';

/** The kinds that an issuerRef of cert-manager may name; iss, ciss, cr and crs are short names of cert-manager's own. */
export const issuerKinds = [
  {
    kind: 'Issuer',
    plural: 'issuers',
    shortName: 'csiss',
    scope: 'Namespaced',
    description: 'Has the CertificateRequests of its namespace signed by Countersign, where they name it.',
  },
  {
    kind: 'ClusterIssuer',
    plural: 'clusterissuers',
    shortName: 'csciss',
    scope: 'Cluster',
    description: 'Has the CertificateRequests of any namespace signed by Countersign, where they name it.',
  },
] as const;

export type IssuerKind = (typeof issuerKinds)[number];

export const namesNoIssuer =
  "issuer must name an issuer of the server's configuration; leave it out for the default one";
export const shorterThanDefault =
  'maxDuration must not be shorter than defaultDuration, which is 2160h unless it is set too';

const spec = Type.Object(
  {
    issuer: Type.Optional(
      Type.String({
        description: "The issuer of the server's configuration that signs; left out, its default one.",
        maxLength: 253,
        'x-kubernetes-validations': [{ rule: "self.matches(r'\\S')", message: namesNoIssuer }],
      }),
    ),
    defaultDuration: lifetime('defaultDuration', 'Lifetime of the certificate where a request names none.', {
      default: '2160h',
    }),
    maxDuration: Type.Optional(
      lifetime(
        'maxDuration',
        "The longest lifetime that is given here, whatever the server's policy allows; a longer one is shortened.",
      ),
    ),
    isCA: Type.Boolean({
      description: 'Whether certificates of CAs may be requested here; the policy has to allow them too.',
      default: false,
    }),
  },
  {
    description: 'How requests that name it are signed.',
    'x-kubernetes-validations': [
      {
        // A text that is no length of time is told of at its own field, and not compared.
        rule: [
          '!has(self.maxDuration)',
          `!${isDuration('self.maxDuration')}`,
          `!${isDuration('self.defaultDuration')}`,
          'duration(self.maxDuration) >= duration(self.defaultDuration)',
        ].join(' || '),
        message: shorterThanDefault,
        fieldPath: '.maxDuration',
      },
    ],
  },
);

/** Kubernetes' own form of a condition (metav1.Condition). */
const condition = Type.Object({
  type: Type.String({
    description: 'What it speaks of, such as Ready.',
    maxLength: 316,
    pattern:
      '^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$',
  }),
  status: Type.Enum(['True', 'False', 'Unknown'], { type: 'string', description: 'Whether that holds.' }),
  observedGeneration: Type.Optional(
    Type.Integer({ description: 'The generation of the object that was looked at.', format: 'int64', minimum: 0 }),
  ),
  lastTransitionTime: Type.String({ description: 'When the status last changed.', format: 'date-time' }),
  reason: Type.String({
    description: 'Why, in one word for programs.',
    minLength: 1,
    maxLength: 1024,
    pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$',
  }),
  message: Type.String({ description: 'Why, in words for people.', maxLength: 32_768 }),
});

const status = Type.Object(
  {
    conditions: Type.Optional(
      Type.Array(condition, {
        description: 'Ready says whether requests are signed.',
        maxItems: 8,
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['type'],
      }),
    ),
  },
  { description: 'What the server says of it.' },
);

/** What both kinds have beside what every object has; the definitions are made of it (custom-resource.ts). */
export const issuerResource = Type.Object({ spec, status: Type.Optional(status) });

export type IssuerResource = Static<typeof issuerResource>;
