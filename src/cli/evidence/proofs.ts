import { canonicalJson } from '#audit/canonical.ts';
import { skip } from '#audit/cover.ts';
import type { Entry } from '#audit/entry.ts';
import { leafHash, RightEdge } from '#audit/merkle.ts';
import { rootFromInclusion } from '#audit/merkle-proof.ts';
import { formatTlogProof } from '#audit/tlog-proof.ts';
import { Failure } from '../failure.ts';
import type { EvidenceLog } from './evidence-log.ts';
import type { WrittenRow } from './row-files.ts';

/** Roots that stand for all records between the rows: with these the rows lead to the signed root. Throws Failure `no`. */
export async function hashesBetween(log: EvidenceLog, rows: readonly WrittenRow[]): Promise<Uint8Array> {
  const { hashes } = log.signed;
  const edge = new RightEdge();
  const taken: Uint8Array[] = [];
  for (const { index, leaf } of rows) {
    taken.push(...(await skip(edge, index, hashes)));
    edge.append(leaf);
  }
  taken.push(...(await skip(edge, log.checkpoint.size, hashes)));
  demandRoot(log, edge.root());
  return Buffer.concat(taken);
}

/** Of one record, with its entry. Throws Failure `no` where it does not lead to the signed root. */
export async function proofOf(log: EvidenceLog, entry: Entry): Promise<string> {
  const { size } = log.checkpoint;
  const octets = Buffer.from(canonicalJson(entry));
  const path = await log.signed.path(entry.seq, size);
  demandRoot(log, rootFromInclusion(leafHash(octets), entry.seq, size, path));
  return formatTlogProof({ index: entry.seq, entry: octets, path, checkpoint: log.note });
}

function demandRoot({ signed, checkpoint }: EvidenceLog, found: Uint8Array | undefined): void {
  if (found !== undefined && Buffer.compare(found, checkpoint.root) === 0) return;
  throw new Failure('no', `${signed.name}: what was read is not under the root that its checkpoint signs`);
}
