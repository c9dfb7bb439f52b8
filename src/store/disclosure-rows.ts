import { isRedactable, opens, type PlacedDisclosure } from '#audit/disclosure.ts';
import { decodeEntry } from '#audit/entry.ts';
import { Malformed } from '#audit/malformed.ts';
import { type Redacted, redactedBy } from '#audit/redacted.ts';
import { StoreError } from './store-error.ts';
import type { Bodies } from './tree-view.ts';

/** A row of the table of disclosures. Throws StoreError `damaged`. */
export function disclosureOf(row: Readonly<Record<string, unknown>>): PlacedDisclosure {
  const { seq: index, field, salt, value } = row;
  if (typeof index !== 'number') throw new StoreError('damaged', 'a value beside the log belongs to no entry');
  if (isRedactable(field) && salt instanceof Uint8Array && typeof value === 'string')
    return { index, field, salt, value };
  throw new StoreError('damaged', `the value that is kept beside entry ${index} is none`, index);
}

/** What the entry at `record` erases. Throws StoreError `damaged` where it is none that does. */
export function redactionOf(record: number, body: Uint8Array): Redacted {
  try {
    const redacted = redactedBy(decodeEntry(body));
    if (redacted !== undefined) return redacted;
  } catch (cause) {
    if (!(cause instanceof Malformed)) throw cause;
  }
  throw new StoreError('damaged', `entry ${record} erases nothing`, record);
}

/** Each opens the commitment in its entry. Throws StoreError `damaged` with the index of the first that does not. */
export function demandOpening(disclosures: readonly PlacedDisclosure[], entries: Bodies, from: number): void {
  for (const disclosure of disclosures) {
    const { index, field } = disclosure;
    const body = entries[index - from];
    if (body === undefined || !opens(disclosure, decodeEntry(body)))
      throw new StoreError(
        'damaged',
        `what is kept of ${field} beside entry ${index} is not what that commits to`,
        index,
      );
  }
}
