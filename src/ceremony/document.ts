import Type, { type Static } from 'typebox';
import { offeredReasons, SerialText, utcTime } from '#authority/revocation/document.ts';
import { Duration, OneOf } from '#document/scalars.ts';
import { floorKeys } from '#policy/approved.ts';

/** The ceremony's file: reviewed by people, so every field says what it is. */

const text = (description: string, maxLength = 256) => Type.String({ description, minLength: 1, maxLength });
const strict = { additionalProperties: false } as const;

const label = Type.String({
  description: 'Name of the key: CKA_LABEL in a token, file name in a directory',
  pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$',
  examples: ['mesh-root-2026'],
});

const secret = Type.Object(
  { file: Type.Optional(text('File that holds it')), env: Type.Optional(text('Environment variable that holds it')) },
  { ...strict, description: 'Where a secret is kept: exactly one of file, env' },
);

const subject = Type.Object(
  {
    commonName: text('CN', 64),
    organization: Type.Optional(text('O', 64)),
    organizationalUnit: Type.Optional(text('OU', 64)),
    country: Type.Optional(text('C, two capital letters', 2)),
  },
  { ...strict, description: 'Distinguished name' },
);

const keyKind = OneOf(...floorKeys);

const root = Type.Object(
  { label, key: keyKind, keyIn: Type.Optional(OneOf('hsm', 'software')), subject, lifetime: Duration },
  { ...strict, description: 'The root that is made here; left out where an enterprise root signs' },
);

const intermediate = Type.Object(
  {
    label,
    key: keyKind,
    keyIn: OneOf('hsm', 'software', 'memory'),
    subject,
    lifetime: Duration,
    pathLength: Type.Optional(Type.Integer({ description: 'CAs allowed below it', minimum: 0, maximum: 2 })),
  },
  { ...strict, description: 'An issuing CA' },
);

const revoked = Type.Object(
  {
    serial: Type.Optional(SerialText),
    certificate: Type.Optional(text('PEM file of it, in place of the serial', 4096)),
    reason: OneOf(...offeredReasons),
    revokedAt: utcTime('since when it is not to be trusted'),
  },
  { ...strict, description: 'A certificate that the root has issued: exactly one of serial, certificate' },
);

const crl = Type.Object(
  {
    number: Type.Integer({
      description: 'cRLNumber: one more than that of the CRL before. The same number makes no second one',
      minimum: 1,
      maximum: Number.MAX_SAFE_INTEGER,
    }),
    lifetime: Duration,
    revoked: Type.Array(revoked, { maxItems: 256 }),
  },
  { ...strict, description: 'A CRL of the root' },
);

export const CeremonySchema = Type.Object(
  {
    apiVersion: Type.Literal('countersign.dev/v1'),
    kind: Type.Literal('Ceremony'),
    name: Type.String({
      description: 'Name of this ceremony',
      pattern: '^[a-z0-9][a-z0-9-]{0,39}$',
      examples: ['mesh-2026'],
    }),
    trustDomain: text('SPIFFE trust domain of the identities that will be issued', 255),
    operators: Type.Array(text('Who runs it', 128), { minItems: 1, maxItems: 16 }),
    approvers: Type.Optional(Type.Array(text('Who has reviewed this file', 128), { maxItems: 16 })),
    token: Type.Optional(
      Type.Object(
        {
          uri: text('PKCS#11 URI of the token (RFC 7512)', 4096),
          module: Type.Optional(text('PKCS#11 library')),
          pin: secret,
        },
        strict,
      ),
    ),
    software: Type.Optional(Type.Object({ passphrase: secret }, strict)),
    root: Type.Optional(root),
    intermediates: Type.Array(intermediate, { minItems: 1, maxItems: 16 }),
    crl: Type.Optional(crl),
    outputs: text('Directory for certificates, encrypted keys, journal and transcript', 4096),
  },
  strict,
);

export type CeremonyText = Static<typeof CeremonySchema>;
