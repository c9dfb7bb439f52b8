import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeEntry, type Entry } from '#audit/entry.ts';
import { leafHash } from '#audit/merkle.ts';
import { rootFromInclusion } from '#audit/merkle-proof.ts';
import { parseTlogProof } from '#audit/tlog-proof.ts';
import type { Evidence } from '#evidence/evidence.ts';
import { Failure } from '../failure.ts';
import type { Said } from './evidence-log.ts';
import { packFiles } from './pack-files.ts';
import { filesIn } from './sums.ts';

/** The records that are proven one by one: all that the pages name, and no others. Throws Failure `no`, or Malformed. */
export function holdProofs(folder: string, { queries, rules }: Evidence, said: Said): ReadonlyMap<number, Entry> {
  const named = new Set([...queries.flatMap(({ drawn }) => drawn), ...ruling(rules)]);
  const proven = new Map([...named].map((index) => [index, prove(folder, index, said)]));
  const files = new Set([...named].map(packFiles.proof));
  const stranger = filesIn(folder).find((file) => file.startsWith('proofs/') && !files.has(file));
  if (stranger !== undefined) throw new Failure('no', `${stranger}: proves what no page names`);
  return proven;
}

/** The records that brought rules into force. */
export const ruling = ({ policySets, configurations }: Evidence['rules']): readonly number[] =>
  [...policySets, ...configurations].map(({ index }) => index);

function prove(folder: string, index: number, { note, checkpoint: { size, root } }: Said): Entry {
  const file = packFiles.proof(index);
  const path = join(folder, file);
  if (!existsSync(path)) throw new Failure('no', `${file}: is missing`);
  const { entry, path: way, ...proof } = parseTlogProof(readFileSync(path, 'utf8'));
  if (entry === undefined || proof.index !== index) throw new Failure('no', `${file}: does not prove record ${index}`);
  if (proof.checkpoint !== note) throw new Failure('no', `${file}: leads to another checkpoint than that of the pack`);
  const found = rootFromInclusion(leafHash(entry), index, size, way);
  if (found === undefined || Buffer.compare(found, root) !== 0)
    throw new Failure('no', `${file}: does not lead to the signed root`);
  const record = decodeEntry(entry);
  if (record.seq !== index) throw new Failure('no', `${file}: its record says that it is ${record.seq}`);
  return record;
}
