import { isRedactable, type RedactableField } from './disclosure.ts';
import type { Entry } from './entry.ts';
import { objectOf } from './json-object.ts';
import { Malformed } from './malformed.ts';

/** Most records that one `log.redacted` names: it has to fit into an entry. */
export const mostRedacted = 512;

/** Values of which a record `log.redacted` says that they are erased. */
export interface Redacted {
  readonly field: RedactableField;
  /** Indexes of the records, ascending, all before the one that says it. */
  readonly records: readonly number[];
}

/** What a record erases; undefined for one of another type. Throws Malformed for what the log cannot have meant. */
export function redactedBy(entry: Entry): Redacted | undefined {
  if (entry.type !== 'log.redacted' || entry.outcome !== 'success') return undefined;
  const { field, records } = objectOf(entry.redacted);
  const indexes = Array.isArray(records) ? records.filter((index) => typeof index === 'number') : [];
  const isWhole = Array.isArray(records) && records.length === indexes.length && indexes.length > 0;
  const isOrdered = indexes.every((index, at) => index > (indexes[at - 1] ?? -1) && index < entry.seq);
  if (!isRedactable(field) || !isWhole || !isOrdered) throw new Malformed('names no fields of records before it');
  return { field, records: indexes };
}
