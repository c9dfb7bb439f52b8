import { openCheckpoint, type ReadCheckpoint } from './checkpoint.ts';
import { Malformed } from './malformed.ts';
import { hashLength, leafHash } from './merkle.ts';
import { rootFromInclusion } from './merkle-proof.ts';
import { decodeBase64, type NoteVerifier } from './vkey.ts';

/** One file that answers "was this logged?" offline (C2SP tlog-proof, `.tlog-proof`). */
export interface TlogProof {
  readonly index: number;
  /** The entry itself, whose hash is the leaf: what the proof is worth nothing without. Absent where it is kept elsewhere. */
  readonly entry?: Uint8Array;
  /** Audit path, the leaf's sibling first. */
  readonly path: readonly Uint8Array[];
  /** The signed checkpoint as published. */
  readonly checkpoint: string;
}

const header = 'c2sp.org/tlog-proof@v1';

export function formatTlogProof({ index, entry, path, checkpoint }: TlogProof): string {
  const extra = entry === undefined ? '' : `extra ${Buffer.from(entry).toString('base64')}\n`;
  const hashes = path.map((hash) => `${Buffer.from(hash).toString('base64')}\n`).join('');
  return `${header}\n${extra}index ${index}\n${hashes}\n${checkpoint}`;
}

/** Reads a proof, and its `extra` line as the entry, which is nobody's word until it was verified. Throws Malformed. */
export function parseTlogProof(text: string): TlogProof {
  const split = text.indexOf('\n\n');
  const lines = text.slice(0, Math.max(split, 0)).split('\n');
  if (lines.shift() !== header) throw new Malformed(`proof: its first line must be ${header}`);
  const extra = lines[0]?.startsWith('extra ') ? lines.shift()?.slice('extra '.length) : undefined;
  const decimal = /^index (0|[1-9][0-9]*)$/.exec(lines.shift() ?? '')?.[1];
  if (decimal === undefined) throw new Malformed('proof: no line "index N"');
  return {
    index: Number(decimal),
    ...(extra !== undefined && { entry: parseEntry(extra) }),
    path: lines.map(parseHash),
    checkpoint: text.slice(split + 2),
  };
}

function parseEntry(base64: string): Uint8Array {
  const entry = decodeBase64(base64);
  if (entry === undefined) throw new Malformed('proof: its line "extra" must be the base64 of the entry');
  return entry;
}

function parseHash(line: string): Uint8Array {
  const hash = decodeBase64(line);
  if (hash?.length !== hashLength) throw new Malformed('proof: each hash must be a base64 line of 32 octets');
  return hash;
}

/** Checks that `entry` is in the log of these keys by this proof; gives the checkpoint it was held against. Throws Malformed. */
export function verifyTlogProof(
  proof: TlogProof,
  entry: Uint8Array,
  ...verifiers: readonly NoteVerifier[]
): ReadCheckpoint {
  const checkpoint = openCheckpoint(Buffer.from(proof.checkpoint), ...verifiers);
  const root = rootFromInclusion(leafHash(entry), proof.index, checkpoint.size, proof.path);
  if (root === undefined || Buffer.compare(root, checkpoint.root) !== 0) {
    throw new Malformed(
      `proof: it does not lead from this entry at index ${proof.index} to the root of size ${checkpoint.size}`,
    );
  }
  return checkpoint;
}
