import Type, { type Static, type TProperties } from 'typebox';
import type { Entry } from '#audit/entry.ts';
import { roles } from '#policy/role.ts';

/** Shapes of what the API shows of the house. Times are RFC 3339, hashes lower-case hexadecimal. */

const closed = <P extends TProperties>(members: P) => Type.Object(members, { additionalProperties: false });
const text = Type.String();
const optionalText = Type.Optional(text);
const time = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}T[\\d:.]+Z$' });
export const sha256 = Type.String({ pattern: '^[0-9a-f]{64}$', description: '64 hexadecimal digits' });
export const index = Type.Integer({ minimum: 0, description: 'a whole number from 0' });
const count = Type.Integer({ minimum: 0 });

/** An entry of the log, as it holds it: the published schema of entries has its shape. */
export const Record = Type.Unsafe<Entry>({ $ref: '#/components/schemas/Entry' });

export const Me = closed({
  user: text,
  method: text,
  roles: Type.Array(Type.Enum([...roles])),
  expires: time,
});

const Issuer = closed({
  name: text,
  isDefault: Type.Boolean(),
  way: Type.Enum(['sign', 'relay'], { description: 'whether we sign, or an outside issuer does' }),
  cannotSign: Type.Optional(Type.String({ description: 'why it cannot at present' })),
  subject: optionalText,
  keyId: optionalText,
  certificateSha256: Type.Optional(sha256),
  notBefore: Type.Optional(time),
  notAfter: Type.Optional(time),
  algorithm: optionalText,
  key: Type.Optional(Type.Unknown({ description: 'where the key is, as the log has it; never the key' })),
  chain: Type.Array(text, { description: 'PEM, the issuing certificate first, without the root' }),
});

export const Authority = closed({
  trustDomain: text,
  trustDomainAliases: Type.Array(text),
  issuers: Type.Array(Issuer),
  trustBundle: closed({ sha256, pem: text }),
  expiries: Type.Array(closed({ role: text, name: text, notAfter: time }), {
    description: 'of the certificates and CRLs that this server lives by, its own serving certificates among them',
  }),
  log: closed({
    origin: text,
    size: count,
    publishedSize: count,
    inventory: count,
    keys: Type.Array(text, { description: 'C2SP verifier keys' }),
  }),
});

export const Policies = closed({
  setId: Type.String({ description: 'SHA-256 of all of them in canonical form, as records have it' }),
  documents: Type.Array(
    closed({
      name: text,
      priority: Type.Integer(),
      effect: text,
      mode: text,
      file: text,
      sha256,
      text: Type.String({ description: 'as it was read' }),
    }),
    { description: 'the highest priority first' },
  ),
  defaults: closed({
    unmatched: Type.Enum(['denied'], { description: 'what becomes of a request of which no policy speaks' }),
    keys: Type.Array(text, { description: 'kinds that a policy can allow at all' }),
    signatures: Type.Array(text),
  }),
});

const Report = closed({
  ok: Type.Boolean(),
  checks: Type.Array(closed({ name: text, ok: Type.Boolean(), reason: optionalText, since: time })),
});

const about = {
  size: Type.Integer({ minimum: 0, description: 'the answer speaks of the first so many entries of the log' }),
  dropped: Type.Optional(
    Type.Integer({ minimum: 1, description: 'of so many of them only the hashes are left: nothing of them is shown' }),
  ),
};

export const Records = closed({
  ...about,
  records: Type.Array(closed({ index, record: Record })),
});

const proof = Type.Optional(Type.String({ description: 'a C2SP tlog-proof, where proofs were asked for' }));

export const Answer = Type.Union([
  closed({
    ...about,
    records: Type.Array(
      closed({
        index,
        record: Record,
        related: Type.Optional(closed({ what: text, index, afterMs: Type.Integer() })),
        proof,
      }),
    ),
    before: Type.Optional(Type.Integer({ description: 'give it as `before` for the next page' })),
  }),
  closed({
    ...about,
    groups: Type.Array(closed({ words: Type.Record(text, text), count, index, proof })),
  }),
  closed({
    ...about,
    unitSeconds: Type.Integer(),
    rates: Type.Array(closed({ start: time, count, weekBefore: count, index: Type.Optional(index), proof })),
  }),
]);

export const Questions = closed({
  questions: Type.Array(
    closed({
      name: text,
      number: Type.Optional(Type.Integer({ description: 'in the list of an auditor’s twenty questions' })),
      asks: text,
      answer: Type.Enum(['records', 'groups', 'rates']),
      takes: Type.Array(text),
      needs: Type.Array(Type.Array(text), { description: 'one of each group has to be given' }),
    }),
  ),
});

export const Consistency = closed({
  from: index,
  to: index,
  proof: Type.Array(text, { description: 'hashes in base64 (RFC 6962 §2.1.2)' }),
});

export const Reloaded = closed({
  changes: Type.Array(closed({ index, type: text, outcome: text, message: optionalText }), {
    description: 'what the log holds of this look: what was taken, and what was refused',
  }),
  policySet: text,
  trustBundleSha256: sha256,
  issuers: Type.Array(closed({ name: text, certificateSha256: Type.Optional(sha256) })),
});

export const Health = closed({ live: Report, ready: Report });
export const Version = closed({ version: text, node: text, openssl: text });

export type AuthorityStatus = Static<typeof Authority>;
export type PoliciesInForce = Static<typeof Policies>;
export type ReloadOutcome = Static<typeof Reloaded>;
export type HealthStatus = Static<typeof Health>;
export type VersionStatus = Static<typeof Version>;
