import type { PlacedDisclosure } from '#audit/disclosure.ts';
import { pieces } from './pieces.ts';
import type { Session } from './session.ts';
import { statements } from './statements.ts';

/** In the transaction of the records that they belong to: indexes count from `first`. */
export async function putDisclosures(
  session: Session,
  first: number,
  disclosures: readonly PlacedDisclosure[],
): Promise<void> {
  if (disclosures.length === 0) return;
  const salts = pieces(disclosures.map(({ salt }) => salt));
  await session.query(statements.putDisclosures, [
    disclosures.map(({ index }) => first + index),
    disclosures.map(({ field }) => field),
    salts.octets,
    salts.starts,
    salts.lengths,
    disclosures.map(({ value }) => value),
  ]);
}
