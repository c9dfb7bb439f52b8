import { canonicalJson } from '#audit/canonical.ts';
import { coverOf } from '#audit/cover.ts';
import type { Entry } from '#audit/entry.ts';
import { leafHash, RightEdge } from '#audit/merkle.ts';
import { inclusionProof, rootFromInclusion } from '#audit/merkle-proof.ts';
import { formatTlogProof } from '#audit/tlog-proof.ts';
import { Failure } from '../failure.ts';
import type { EvidenceLog } from './evidence-log.ts';
import type { WrittenRow } from './row-files.ts';

/** Roots that stand for all records between the rows: with these the rows lead to the signed root. Throws Failure `no`. */
export async function hashesBetween(log: EvidenceLog, rows: readonly WrittenRow[]): Promise<Uint8Array> {
  const { size, root } = log.checkpoint;
  const found = await log.overHashes((hashes) => {
    const edge = new RightEdge();
    const taken: Uint8Array[] = [];
    const takeUpTo = (to: number) => {
      for (const { height, index } of coverOf(edge.size, to)) {
        const root = hashes.subtree(height, index);
        edge.appendSubtree(height, root);
        taken.push(root);
      }
    };
    for (const { index, leaf } of rows) {
      takeUpTo(index);
      edge.append(leaf);
    }
    takeUpTo(size);
    return { taken, root: edge.root() };
  });
  demandRoot(log, found.root, root);
  return Buffer.concat(found.taken);
}

/** Of one record, with its entry. Throws Failure `no` where it does not lead to the signed root. */
export async function proofOf(log: EvidenceLog, entry: Entry): Promise<string> {
  const { size, root } = log.checkpoint;
  const octets = Buffer.from(canonicalJson(entry));
  const path = await log.overHashes((hashes) => inclusionProof(hashes, entry.seq, size));
  demandRoot(log, rootFromInclusion(leafHash(octets), entry.seq, size, path), root);
  return formatTlogProof({ index: entry.seq, entry: octets, path, checkpoint: log.note });
}

function demandRoot({ name }: EvidenceLog, found: Uint8Array | undefined, root: Uint8Array): void {
  if (found !== undefined && Buffer.compare(found, root) === 0) return;
  throw new Failure('no', `${name}: what was read is not under the root that its checkpoint signs`);
}
