import Type, { type Static, type TProperties } from 'typebox';
import { Duration, OneOf } from '#document/scalars.ts';
import { type FieldName, fieldNames } from './field.ts';

/** The shape of a rule: one YAML document is one rule. */

const closed = <Properties extends TProperties>(properties: Properties) =>
  Type.Object(properties, { additionalProperties: false });
const optional = Type.Optional;

const pattern = Type.String({
  minLength: 1,
  maxLength: 512,
  description: 'a value, or a pattern of it with * and ?',
});
const patterns = Type.Array(pattern, { minItems: 1, maxItems: 256, uniqueItems: true });
const name = OneOf(...fieldNames);
const names = Type.Array(name, { minItems: 1, maxItems: 4, uniqueItems: true });

/** Each field of a record, as a list of what it may be. */
const Match = closed({
  ...(Object.fromEntries(fieldNames.map((field) => [field, optional(patterns)])) as Record<
    FieldName,
    ReturnType<typeof optional<typeof patterns>>
  >),
  without: optional(Type.Array(name, { minItems: 1, maxItems: 8, uniqueItems: true })),
  changed: optional(Type.Boolean()),
});

const several = (least: number, most: number, description: string) =>
  Type.Integer({ minimum: least, maximum: most, description });

const Burst = closed({
  match: Match,
  count: several(1, 10_000, 'how many records within that time; a record that stands for several counts as those'),
  within: optional(Duration),
  by: optional(names),
});

const Distinct = closed({
  match: Match,
  of: name,
  count: optional(several(2, 64, 'how many different values within that time')),
  within: Duration,
  by: names,
  /** Values that count as one, such as clusters that share their namespaces. */
  together: optional(
    Type.Array(Type.Array(pattern, { minItems: 2, maxItems: 64, uniqueItems: true }), { minItems: 1, maxItems: 64 }),
  ),
  mostKeys: optional(several(100, 5_000_000, 'how many keys are remembered at once')),
});

const clockTime = Type.String({
  pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$',
  description: 'a time of day',
  examples: ['08:00', '17:30'],
});
export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

const OutsideWindow = closed({
  match: Match,
  timeZone: Type.String({ maxLength: 64, description: 'a time zone of the IANA database', examples: ['Europe/Oslo'] }),
  windows: Type.Array(
    closed({
      days: Type.Array(OneOf(...weekdays), { minItems: 1, maxItems: 7, uniqueItems: true }),
      from: clockTime,
      to: clockTime,
    }),
    { maxItems: 32, minItems: 1 },
  ),
  /** Days without any window: holidays, a freeze. */
  closed: optional(
    Type.Array(Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$', description: 'a day', examples: ['2026-12-24'] }), {
      maxItems: 366,
      uniqueItems: true,
    }),
  ),
  by: optional(names),
});

/** A record of a case, in short: the fields that matter to the rule. */
const Short = closed({
  ...(Object.fromEntries(fieldNames.map((field) => [field, optional(pattern)])) as Record<
    FieldName,
    ReturnType<typeof optional<typeof pattern>>
  >),
  at: optional(
    Type.String({
      pattern: '^\\d{4}-\\d{2}-\\d{2}T.*(Z|[+-]\\d{2}:\\d{2})$',
      description: 'a moment of RFC 3339',
      examples: ['2026-11-21T22:00:00+01:00'],
    }),
  ),
  after: optional(Duration),
  repeat: optional(several(1, 20_000, 'how often, each as long after the one before')),
  count: optional(several(1, 1_000_000, 'how many requests the record stands for')),
});

const Expected = closed({
  /** Number of the record that makes it, from 1 on, repetitions counted. */
  record: optional(Type.Integer({ minimum: 1 })),
  by: optional(
    closed(
      Object.fromEntries(fieldNames.map((field) => [field, optional(Type.String())])) as Record<
        FieldName,
        ReturnType<typeof optional<ReturnType<typeof Type.String>>>
      >,
    ),
  ),
  count: optional(Type.Integer({ minimum: 1 })),
});

const Case = closed({
  name: Type.String({ minLength: 1, maxLength: 120 }),
  records: Type.Array(Short, { minItems: 1, maxItems: 200 }),
  alerts: Type.Array(Expected, { maxItems: 200 }),
});

export const severities = ['informational', 'low', 'medium', 'high', 'critical'] as const;
export type SeverityName = (typeof severities)[number];

export const WatchRuleDocument = closed({
  apiVersion: Type.Literal('countersign.dev/v1alpha1'),
  kind: Type.Literal('WatchRule'),
  metadata: closed({
    name: Type.String({
      pattern: '^[a-z0-9-]{1,60}$',
      description: 'a short name of a-z, 0-9 and "-", up to 60 long',
      examples: ['refusals-in-a-burst'],
    }),
    description: optional(Type.String({ maxLength: 2000 })),
    owner: optional(Type.String({ maxLength: 200 })),
    reference: optional(Type.Array(Type.String({ maxLength: 200 }), { maxItems: 32 })),
  }),
  spec: closed({
    mode: optional(OneOf('watch', 'off')),
    severity: OneOf(...severities),
    message: Type.String({ minLength: 1, maxLength: 300 }),
    burst: optional(Burst),
    distinct: optional(Distinct),
    outsideWindow: optional(OutsideWindow),
    /** Records that the rule passes over: one that fits any of these. */
    unless: optional(Type.Array(Match, { minItems: 1, maxItems: 64 })),
    quiet: optional(Duration),
    tests: optional(Type.Array(Case, { maxItems: 200 })),
  }),
});

export type WatchRuleDocument = Static<typeof WatchRuleDocument>;
export type WatchRuleSpec = WatchRuleDocument['spec'];
export type WatchRuleCase = Static<typeof Case>;
export type BurstSpec = Static<typeof Burst>;
export type DistinctSpec = Static<typeof Distinct>;
export type OutsideWindowSpec = Static<typeof OutsideWindow>;
