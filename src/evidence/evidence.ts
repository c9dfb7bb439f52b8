import Type, { type Static } from 'typebox';

/** What was gathered from a log, as evidence.json holds it: the pages say nothing that is not here. */

const text = Type.String();
const count = Type.Integer({ minimum: 0 });
const time = Type.String({ pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$' });
const exact = { additionalProperties: false } as const;
const object = <const Members extends Parameters<typeof Type.Object>[0]>(members: Members) =>
  Type.Object(members, exact);

const row = object({ index: count, cells: Type.Array(text) });

const query = object({
  name: text,
  /** Records that match, and requests that they stand for: a flood of refusals is one record with a count. */
  records: count,
  requests: count,
  /** Of these, how many lie in rows/NAME.jsonl. */
  rows: count,
  drawn: Type.Array(count),
  listed: Type.Array(row),
  tallies: Type.Array(object({ by: text, words: Type.Array(object({ word: text, count })) })),
});

const policySet = object({
  id: text,
  /** The load that brought it into force: before the period for the one that it begins with. */
  index: count,
  time,
  loads: count,
  /** Certificates issued under it in the period, and refused. */
  issued: count,
  refused: count,
  /** What it says; absent where the record had no room and its pieces are not in the log. */
  documents: Type.Optional(Type.Array(object({ name: text, content: Type.Unknown() }))),
});

const configuration = object({
  /** SHA-256 of what was loaded; empty where its record names none. */
  id: text,
  index: count,
  time,
  loads: count,
  /** Absent where the record had no room for it. */
  content: Type.Optional(Type.Unknown()),
});

const span = object({ from: count, to: count });

export const evidenceSchema = Type.Object(
  {
    /** The version of this form. */
    countersignEvidence: Type.Literal(1),
    /** The version of the program that made it: another may say it otherwise. */
    program: text,
    period: object({ name: text, since: time, until: time }),
    log: object({
      origin: text,
      size: count,
      /** base64, as the checkpoint has it. */
      root: text,
      /** The first and the last record that the checkpoint covers and whose body is there. */
      first: Type.Optional(time),
      last: Type.Optional(time),
      /** Records of the period: the first, and the first after it. */
      records: span,
    }),
    /** Earlier checkpoints that the log was shown to continue. */
    kept: Type.Array(object({ size: count, root: text })),
    /** Witnesses that have cosigned the checkpoint, of those that a trust policy knows; absent where none was given. */
    witnesses: Type.Optional(Type.Array(text)),
    /** A word that samples were drawn by, besides the root. */
    word: Type.Optional(text),
    types: Type.Array(object({ type: text, records: count })),
    queries: Type.Array(query),
    rules: object({ policySets: Type.Array(policySet), configurations: Type.Array(configuration), more: count }),
    replay: object({
      kinds: Type.Array(object({ kind: text, count })),
      count,
      /** The first of them. */
      findings: Type.Array(object({ index: count, rule: text, difference: text })),
    }),
    alarms: Type.Array(object({ name: text, records: count, first: count, time, last: count })),
    missing: object({
      /** Records of the period of which only the hash is left, and the runs of them, the first hundred. */
      dropped: count,
      spans: Type.Array(span),
      /** Fields that are kept apart, or erased. */
      commitments: Type.Array(object({ field: text, records: count })),
      /** Issuances whose certificate is not in the log. */
      withoutCertificate: count,
      /** Changes of policy, configuration or watch rules that name neither ticket nor approver. */
      unapproved: count,
    }),
  },
  { ...exact, $schema: 'https://json-schema.org/draft/2020-12/schema', title: 'Evidence out of an audit log' },
);

export type Evidence = Static<typeof evidenceSchema>;
export type QueryResult = Static<typeof query>;
export type Row = Static<typeof row>;
export type PolicySetInForce = Static<typeof policySet>;
export type ConfigurationInForce = Static<typeof configuration>;
