import { opens, type PlacedDisclosure } from '#audit/disclosure.ts';
import type { Entry } from '#audit/entry.ts';
import { Failure } from '../failure.ts';
import type { LogSource } from './log-source.ts';

/**
 * What is kept beside these records, each checked against what its record commits to. Throws Failure `usage` for a log that has
 * nothing beside it, `no` for a value that is not the one.
 */
export async function openedBeside(source: LogSource, records: readonly Entry[]): Promise<PlacedDisclosure[]> {
  const found: PlacedDisclosure[] = [];
  for (const entry of records)
    for (const each of await besideEntries(source, entry.seq, entry.seq + 1)) {
      if (!opens(each, entry))
        throw new Failure('no', `what is kept of ${each.field} beside entry ${each.index} is not what that commits to`);
      found.push(each);
    }
  return found;
}

/** Throws Failure `usage`. */
export async function besideEntries(source: LogSource, from: number, to: number): Promise<readonly PlacedDisclosure[]> {
  if (source.disclosures === undefined)
    throw new Failure('usage', `${source.name} is what is published: values are kept beside the store alone`);
  return source.disclosures(from, to);
}

/** Enough for anybody to compute the commitment again. */
export const disclosureJson = ({ index, field, salt, value }: PlacedDisclosure) => ({
  index,
  field,
  salt: Buffer.from(salt).toString('base64url'),
  value,
});

export function disclosedText({ seq }: Entry, beside: readonly PlacedDisclosure[]): string {
  const own = beside.filter(({ index }) => index === seq).map(({ field, value }) => `${field}=${value}`);
  return own.length === 0 ? '-' : own.join(' ');
}
