import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ReadCheckpoint } from '#audit/checkpoint.ts';
import { decodeEntry, type Entry } from '#audit/entry.ts';
import { leafHash } from '#audit/merkle.ts';
import { rootFromInclusion } from '#audit/merkle-proof.ts';
import { parseTlogProof } from '#audit/tlog-proof.ts';
import type { Evidence } from '#evidence/evidence.ts';
import { Failure } from '../failure.ts';
import { packFiles } from './pack-files.ts';
import { filesIn } from './sums.ts';

/** The records that are proven one by one: all that the pages name, and no others. Throws Failure `no`, or Malformed. */
export function holdProofs(
  folder: string,
  { queries, rules }: Evidence,
  checkpoint: ReadCheckpoint,
): ReadonlyMap<number, Entry> {
  const named = [
    ...queries.flatMap(({ drawn }) => drawn),
    ...[...rules.policySets, ...rules.configurations].map(({ index }) => index),
  ];
  const proven = new Map(named.map((index) => [index, prove(folder, index, checkpoint)]));
  const there = filesIn(folder).filter((file) => file.startsWith('proofs/'));
  const stranger = there.find((file) => !named.some((index) => packFiles.proof(index) === file));
  if (stranger !== undefined) throw new Failure('no', `${stranger}: proves what no page names`);
  return proven;
}

function prove(folder: string, index: number, { size, root }: ReadCheckpoint): Entry {
  const file = packFiles.proof(index);
  const path = join(folder, file);
  if (!existsSync(path)) throw new Failure('no', `${file}: is missing`);
  const { entry, path: way, ...proof } = parseTlogProof(readFileSync(path, 'utf8'));
  if (entry === undefined || proof.index !== index) throw new Failure('no', `${file}: does not prove record ${index}`);
  if (proof.checkpoint !== readFileSync(join(folder, packFiles.checkpoint), 'utf8'))
    throw new Failure('no', `${file}: leads to another checkpoint than that of the pack`);
  const found = rootFromInclusion(leafHash(entry), index, size, way);
  if (found === undefined || Buffer.compare(found, root) !== 0)
    throw new Failure('no', `${file}: does not lead to the signed root`);
  const record = decodeEntry(entry);
  if (record.seq !== index) throw new Failure('no', `${file}: its record says that it is ${record.seq}`);
  return record;
}
