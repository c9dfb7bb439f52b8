import Type, { type TSchema } from 'typebox';
import { doorNames } from '#policy/permit.ts';
import { redactableFields } from './disclosure.ts';
import { entryVersion } from './entry.ts';
import { eventTypes } from './event.ts';
import { mostRedacted } from './redacted.ts';

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

/** A value that is kept beside the log, or is erased, is a commitment in it. */
const commitment = Type.Object({ commitment: Type.String({ pattern: '^sha256:[0-9a-f]{64}$' }) }, exact);
const redactable = <const Value extends TSchema>(value: Value) => Type.Union([value, commitment]);

const keyKind = { kind: text, type: text, size: count, curve: text, spkiSha256: sha256 };
const pod = parts({ name: text, uid: text });

const caller = parts({
  identity: text,
  cluster: text,
  namespace: text,
  serviceAccount: text,
  serviceAccountUid: text,
  pod,
  node: text,
  nodeUid: text,
  authenticator: text,
  user: parts({ name: text, uid: text, groups: texts, groupCount: count }),
  issuerRef: text,
  credential: parts({
    issuer: text,
    audience: texts,
    subject: redactable(text),
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
  issuer: parts({ name: text, keyId: hexadecimal, certSha256: sha256, subject: text }),
  subject: text,
  identity: text,
  sans: texts,
  notBefore: time,
  notAfter: time,
  ttl: count,
  pathLength: count,
  key: parts(keyKind),
  signatureAlgorithm: text,
  profile: Type.Optional(Type.Union([text, Type.Object({ id: text, sha256 }, exact)])),
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
  permitted: parts({ drawn: hexadecimal, notAfter: time, notBefore: time, ttl: count }),
  level: Type.Optional(Type.Union([text, Type.Partial(Type.Object({ fips: text, cnsa: text }), exact)])),
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
        Type.Object({ stepMs: Type.Integer() }, exact),
        Type.Object({ synced: Type.Boolean(), offsetMs: Type.Integer(), source: text }, exact),
      ]),
    ),
    instance: parts({ host: text, name: text, pod: text, version: text, buildDigest: text, bootId: text }),
    door: Type.Optional(Type.Enum([...doorNames])),
    request: parts({ id: text, traceparent: text, bytes: count, sha256 }),
    peer: parts({
      ip: redactable(text),
      port: count,
      tls: parts({ version: text, cipher: text, clientCertSha256: sha256, sni: text }),
    }),
    caller,
    onBehalfOf: parts({ identity: text, pod, node: text }),
    asked: parts({
      ttl: Type.Integer(),
      signer: text,
      impersonate: text,
      kind: text,
      sans: texts,
      key: parts(keyKind),
      csrSignature: text,
      extensions: texts,
      names: text,
      above: text,
      ttlFrom: text,
      ttlAtMost: count,
      span: parts({ least: Type.Integer(), most: Type.Integer() }),
      commonName: text,
      ku: texts,
      eku: texts,
      attributes: texts,
      challengePassword: Type.Boolean(),
    }),
    decision,
    certificate,
    certificateDer: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9+/]+={0,2}$' })),
    outside: parts({ namespace: text, name: text, uid: text, issuer: text }),
    revocation: parts({ reason: text, effective: time, requestedBy: text, crlNumber: count }),
    key: parts({
      label: text,
      keyId: text,
      algorithm: text,
      spkiSha256: sha256,
      token: parts({ label: text, model: text, serial: text, firmware: text, slot: Type.Union([count, text]) }),
      attributes: Type.Optional(Type.Record(Type.String(), Type.Boolean(), { maxProperties: 16 })),
      attestation: sha256,
    }),
    action: parts({
      route: text,
      parameters: Type.Optional(
        Type.Record(Type.String(), Type.Union([text, count, Type.Boolean()]), { maxProperties: 64 }),
      ),
      rows: count,
      stage: Type.Optional(Type.Enum(['begun', 'ended'])),
    }),
    actor: parts({ user: redactable(text), method: text, mfa: Type.Boolean(), approvers: redactable(texts) }),
    change: parts({
      kind: text,
      name: text,
      beforeSha256: sha256,
      afterSha256: sha256,
      diff: Type.Unknown(),
      content: Type.Unknown(),
      digests: Type.Unknown(),
      trustDomains: texts,
      part: count,
      parts: count,
      text,
      size: count,
      origin: text,
      vkey: text,
      source: text,
      sourceSha256: sha256,
      ticket: text,
    }),
    export: parts({ sink: text, fromSeq: count, toSeq: count, count, lagMs: count, error: text }),
    prev: parts({ intendedSeq: count }),
    detection: parts({
      rule: text,
      ruleSha256: sha256,
      severity: text,
      by: Type.Optional(Type.Record(Type.String(), text, { maxProperties: 4 })),
      overflow: Type.Boolean(),
      count,
      seqs: Type.Array(count, { minItems: 1, maxItems: 32 }),
      since: time,
      until: time,
      values: texts,
    }),
    pruned: parts({
      from: count,
      to: count,
      kept: Type.Array(count, { maxItems: 1_024 }),
      bodiesSeconds: count,
      archive: text,
    }),
    redacted: parts({
      field: Type.Enum([...redactableFields]),
      records: Type.Array(count, { minItems: 1, maxItems: mostRedacted }),
    }),
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
