import { begins } from '#audit/begins.ts';
import type { Entry } from '#audit/entry.ts';
import { type EventType, eventTypes } from '#audit/event.ts';
import { anyGlob } from '#policy/glob.ts';
import { type FieldName, fieldNames, fieldOf, reader } from './field.ts';

/** Which records: all that is given has to fit, and of each list one. */
export type Filter = { readonly [Name in FieldName]?: readonly string[] } & {
  /** Facts that the record must not have. */
  readonly without?: readonly FieldName[];
  /** Whether something else is in force after it than before; a first time counts. */
  readonly changed?: boolean;
};

export interface CompiledFilter {
  readonly types: ReadonlySet<EventType>;
  /** Of records of these types. */
  matches(entry: Entry): boolean;
}

/** What rules never see: their own alerts would call each other. */
export const unseen: readonly EventType[] = ['detection.alert', 'detection.gap'];

export function compileFilter(filter: Filter): CompiledFilter {
  const { type = [] } = filter;
  const isType = type.length === 0 ? () => true : beginnings(type);
  const types = new Set(eventTypes.filter((each) => !unseen.includes(each) && isType(each)));
  const tests = fieldNames.flatMap((name) => (name === 'type' ? [] : testOf(name, filter[name])));
  const absent = (filter.without ?? []).map(reader);
  const { changed } = filter;
  if (changed !== undefined) tests.push((entry) => isChange(entry) === changed);
  return {
    types,
    matches: (entry) => tests.every((test) => test(entry)) && absent.every((read) => read(entry) === undefined),
  };
}

function testOf(name: FieldName, patterns: readonly string[] | undefined): ((entry: Entry) => boolean)[] {
  if (patterns === undefined) return [];
  const fits = name === 'reason' ? beginnings(patterns) : anyGlob(patterns, fieldOf(name).wall ?? '');
  const read = reader(name);
  return [
    (entry) => {
      const value = read(entry);
      return value !== undefined && fits(value);
    },
  ];
}

const after = reader('change');
const before = reader('before');
const isChange = (entry: Entry) => after(entry) !== undefined && after(entry) !== before(entry);

/** As `audit ask` has it. */
const beginnings = (starts: readonly string[]) => (text: string) => starts.some((start) => begins(text, start));
