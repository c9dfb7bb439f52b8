import { hash } from 'node:crypto';
import type { EventType } from '#audit/event.ts';
import type { DistinctSpec, WatchRuleDocument } from './document.ts';
import { type FieldName, fieldNames, fieldOf } from './field.ts';
import { compileFilter, type Filter } from './filter.ts';

/**
 * A rule in Sigma (its specification 2.1), for whoever watches in a system of their own: over documents of the Elastic
 * Common Schema, as the format `ecs` writes them. One document for what is looked at, and one that counts it.
 */
export type SigmaDocument = Readonly<Record<string, unknown>>;

/** What Sigma has no words for. */
export class NotInSigma extends Error {
  override readonly name = 'NotInSigma';
}

/** Throws NotInSigma, which says why. */
export function sigmaOf(content: WatchRuleDocument): readonly SigmaDocument[] {
  const { metadata, spec } = content;
  const { burst, distinct } = spec;
  const condition = burst ?? distinct;
  if (condition === undefined) throw new NotInSigma('Sigma has no hours of a week');
  const { types } = compileFilter(condition.match);
  const about = { status: 'experimental', author: 'Countersign' };
  const title = metadata.description ?? spec.message;
  const counts = distinct !== undefined || (burst !== undefined && burst.count > 1);
  const rule = {
    title: counts ? `${title} (what is counted)` : title,
    id: idOf(metadata.name, counts ? 'what' : 'rule'),
    name: counts ? `${metadata.name}-records` : metadata.name,
    ...about,
    description: spec.message,
    logsource: { product: 'countersign', service: 'audit' },
    detection: detectionOf(condition.match, spec.unless ?? [], types),
    level: counts ? 'informational' : spec.severity,
  };
  if (!counts) return [rule];
  const group = (condition.by ?? []).map((field) => nameOf(field, types));
  return [
    rule,
    {
      title,
      id: idOf(metadata.name, 'rule'),
      name: metadata.name,
      ...about,
      description: spec.message,
      correlation: {
        type: distinct === undefined ? 'event_count' : 'value_count',
        rules: [`${metadata.name}-records`],
        ...(group.length > 0 && { 'group-by': group }),
        timespan: condition.within ?? '1s',
        condition: distinct === undefined ? { gte: burst?.count ?? 1 } : valueCount(distinct, types),
      },
      level: spec.severity,
    },
  ];
}

function valueCount({ of, count = 2, together }: DistinctSpec, types: Types) {
  if (together !== undefined) throw new NotInSigma('Sigma has no values that count as one');
  return { gte: count, field: nameOf(of, types) };
}

type Types = ReadonlySet<EventType>;
type Selection = Readonly<Record<string, unknown>>;

function detectionOf(match: Filter, unless: readonly Filter[], types: Types): Readonly<Record<string, unknown>> {
  const { without = [], ...wanted } = match;
  const passed = unless.map((filter, at) => [`passed_${at + 1}`, selectionOf(filter, types)] as const);
  const absent = without.map((field) => [`has_${snake(field)}`, { [nameOf(field, types)]: '*' }] as const);
  const not = [...absent, ...passed].map(([name]) => ` and not ${name}`);
  return {
    selection: selectionOf(wanted, types),
    ...Object.fromEntries([...absent, ...passed]),
    condition: `selection${not.join('')}`,
  };
}

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function selectionOf(filter: Filter, types: Types): Selection {
  if (filter.without !== undefined) throw new NotInSigma('a filter under "unless" that wants a field absent');
  if (filter.changed !== undefined) throw new NotInSigma('Sigma does not compare two fields with "changed"');
  const given = fieldNames.flatMap((name) => {
    const patterns = filter[name];
    return patterns === undefined ? [] : [selected(name, patterns, types)];
  });
  return Object.fromEntries(given);
}

function selected(name: FieldName, patterns: readonly string[], types: Types): readonly [string, readonly string[]] {
  switch (name) {
    case 'type':
      return ['event.action', [...compileFilter({ type: patterns }).types]];
    case 'reason':
      return ['event.reason', patterns.flatMap((code) => [code, `${code}.*`])];
    case 'namespace':
      // of whom it is for, who may not be who asked
      return [nameOf('identity', types), patterns.map((each) => `spiffe://*/ns/${each}/sa/*`)];
    default:
      if (fieldOf(name).wall !== undefined && patterns.some((each) => /[*?]/.test(each)))
        throw new NotInSigma(`a pattern of ${name}: in Sigma its * does not end at "${fieldOf(name).wall}"`);
      return [nameOf(name, types), patterns];
  }
}

const ofCertificates: ReadonlySet<FieldName> = new Set(['identity', 'key']);

/** The field's name in documents of these records. */
function nameOf(name: FieldName, types: Types): string {
  const isIssued = [...types].every((type) => type === 'certificate.issued');
  if (ofCertificates.has(name) && !isIssued)
    throw new NotInSigma(`${name} is one field of what was issued, and another of all else`);
  const { ecs } = fieldOf(name);
  if (ecs === undefined) throw new NotInSigma(`${name} has no field of its own in the Elastic Common Schema`);
  return ecs;
}

/** A UUID of version 8, the same for the same rule. */
function idOf(name: string, part: string): string {
  const digits = hash('sha256', `countersign.dev/WatchRule\n${name}\n${part}`, 'hex');
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-8${digits.slice(13, 16)}-a${digits.slice(17, 20)}-${digits.slice(20, 32)}`;
}

/** Fields of records for those of the Elastic Common Schema, for systems that have the records as they are. */
export const recordFields = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    fieldNames.flatMap((name) => {
      const { ecs, paths, mostly = paths[0] ?? name } = fieldOf(name);
      return ecs === undefined ? [] : [[ecs, mostly]];
    }),
  );
