import type { ReadCheckpoint } from '#audit/checkpoint.ts';
import { leafHash } from '#audit/merkle.ts';
import { rootFromInclusion } from '#audit/merkle-proof.ts';
import type { TlogProof } from '#audit/tlog-proof.ts';
import { Failure } from '../failure.ts';

/** The proof of an entry of the log `name`, held against the checkpoint's root. Throws Failure `no` where it does not hold. */
export function provenEntry(
  name: string,
  { index, entry, path, checkpoint }: Omit<TlogProof, 'entry'> & { readonly entry: Uint8Array | undefined },
  { size, root }: ReadCheckpoint,
): TlogProof {
  if (entry === undefined)
    throw new Failure('no', `${name}: of entry ${index} only the hash is left; its archive may have it`);
  const computed = rootFromInclusion(leafHash(entry), index, size, path);
  if (computed === undefined || !Buffer.from(root).equals(computed))
    throw new Failure('no', `${name}: entry ${index} is not under the root that the checkpoint signs`);
  return { index, entry, path, checkpoint };
}
