import type { SignedNote } from '../move/move-log.ts';
import { asBytes, asInteger } from './columns.ts';
import type { Session } from './session.ts';
import { statements } from './statements.ts';

/** The newest checkpoint that any replica has signed; undefined before the first. Rejects with StoreError `damaged`. */
export async function readSigned(session: Session): Promise<SignedNote | undefined> {
  const [row] = await session.query(statements.signed);
  return (
    row && {
      size: asInteger(row.size, 'the size signed last'),
      root: asBytes(row.root, 'the root signed last'),
      note: String(row.note),
    }
  );
}
