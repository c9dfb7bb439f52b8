import Type from 'typebox';
import { entryVersion } from './entry.ts';
import { eventTypes } from './event.ts';

/** The JSON Schema of an entry (contract audit §6.3), published as entry.schema.json beside this file. */

const text = Type.String({ maxLength: 4_096 });
const count = Type.Integer({ minimum: 0 });
const sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });
const hexadecimal = Type.String({ pattern: '^[0-9a-f]+$' });
const texts = Type.Array(text, { maxItems: 256 });
const time = Type.String({ pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{3})?Z$' });
const exact = { additionalProperties: false } as const;

/** An object of which any part may be missing and none may be strange. */
function parts<const T extends Parameters<typeof Type.Object>[0]>(members: T) {
  return Type.Optional(Type.Partial(Type.Object(members), exact));
}

const keyKind = { type: text, size: count, curve: text, spkiSha256: sha256 };
const pod = parts({ name: text, uid: text });

const caller = parts({
  identity: text,
  cluster: text,
  namespace: text,
  serviceAccount: text,
  pod,
  node: text,
  authenticator: text,
  credential: parts({
    issuer: text,
    audience: texts,
    subject: text,
    jti: text,
    jtiSha256: sha256,
    expires: Type.Integer(),
    kid: text,
    certificateSha256: sha256,
  }),
});

const certificate = parts({
  serial: hexadecimal,
  sha256,
  tbsSha256: sha256,
  issuer: parts({ name: text, keyId: hexadecimal, certSha256: sha256 }),
  identity: text,
  sans: texts,
  notBefore: time,
  notAfter: time,
  ttl: count,
  key: parts(keyKind),
  signatureAlgorithm: text,
  profile: parts({ id: text, sha256 }),
  ku: texts,
  eku: texts,
});

const decision = parts({
  policySetId: text,
  policy: text,
  priority: Type.Integer(),
  mode: text,
  rule: text,
  wouldDecide: texts,
  clamped: parts({ from: Type.Integer(), to: Type.Integer() }),
  level: parts({ fips: text, cnsa: text }),
});

export const entrySchema = Type.Object(
  {
    v: Type.Literal(entryVersion),
    type: Type.Enum([...eventTypes]),
    id: Type.String({ pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$' }),
    seq: count,
    time: Type.String({ pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$' }),
    outcome: Type.Enum(['success', 'denied', 'failed']),
    reason: Type.Optional(text),
    message: Type.Optional(text),
    count: Type.Optional(Type.Integer({ minimum: 1 })),
    dropped: Type.Optional(Type.Array(Type.Enum(['certificateDer']))),
    clock: Type.Optional(
      Type.Union([
        Type.Boolean(),
        text,
        Type.Object({ synced: Type.Boolean(), offsetMs: Type.Integer(), source: text }, exact),
      ]),
    ),
    instance: parts({ host: text, pod: text, version: text, buildDigest: text, bootId: text }),
    door: Type.Optional(Type.Enum(['istio', 'kubernetes-csr', 'cert-manager', 'admin', 'internal'])),
    request: parts({ id: text, traceparent: text, bytes: count, sha256 }),
    peer: parts({
      ip: text,
      port: count,
      tls: parts({ version: text, cipher: text, clientCertSha256: sha256, sni: text }),
    }),
    caller,
    onBehalfOf: parts({ identity: text, pod, node: text }),
    asked: parts({
      ttl: Type.Integer(),
      sans: texts,
      key: parts(keyKind),
      csrSignature: text,
      extensions: texts,
    }),
    decision,
    certificate,
    certificateDer: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9+/]+={0,2}$' })),
    revocation: parts({ reason: text, effective: time, requestedBy: text, crlNumber: count }),
    key: parts({
      label: text,
      keyId: text,
      algorithm: text,
      spkiSha256: sha256,
      token: parts({ model: text, serial: text, firmware: text, slot: count }),
      attributes: parts({
        sensitive: Type.Boolean(),
        extractable: Type.Boolean(),
        neverExtractable: Type.Boolean(),
        local: Type.Boolean(),
      }),
      attestation: sha256,
    }),
    actor: parts({ user: text, method: text, mfa: Type.Boolean(), approvers: texts }),
    change: parts({
      kind: text,
      beforeSha256: sha256,
      afterSha256: sha256,
      diff: Type.Unknown(),
      source: text,
      sourceSha256: sha256,
      ticket: text,
    }),
    export: parts({ sink: text, fromSeq: count, toSeq: count, count, lagMs: count, error: text }),
    prev: parts({ intendedSeq: count }),
  },
  {
    ...exact,
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'One entry of the audit log',
    if: { properties: { outcome: { const: 'success' } } },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: {},
    else: { properties: { reason: {} }, required: ['reason'] },
  },
);
