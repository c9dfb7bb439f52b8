import type { PlacedDisclosure } from '#audit/disclosure.ts';
import { pieces } from './pieces.ts';
import type { Statement } from './session.ts';
import { statements } from './statements.ts';

/** For the transaction of the records that they belong to: indexes count from `first`. */
export function putDisclosures(first: number, disclosures: readonly PlacedDisclosure[]): Statement {
  return { text: statements.putDisclosures, values: valuesOf(first, disclosures) };
}

/** The same, of a batch that may have been written or not. */
export function putBatchDisclosures(
  first: number,
  disclosures: readonly PlacedDisclosure[],
  writer: string,
  batch: string,
): Statement {
  return { text: statements.putBatchDisclosures, values: [...valuesOf(first, disclosures), writer, batch] };
}

function valuesOf(first: number, disclosures: readonly PlacedDisclosure[]): unknown[] {
  const salts = pieces(disclosures.map(({ salt }) => salt));
  return [
    disclosures.map(({ index }) => first + index),
    disclosures.map(({ field }) => field),
    salts.octets,
    salts.starts,
    salts.lengths,
    disclosures.map(({ value }) => value),
  ];
}
