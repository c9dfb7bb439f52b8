import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { encodeBundle } from '#audit/bundle.ts';
import { type CheckpointSigner, signCheckpoint } from '#audit/checkpoint.ts';
import { hashLength, leafHash, RightEdge } from '#audit/merkle.ts';
import { bundlePath, tilePath } from '#audit/tiles.ts';

/** Root over the first leaf hashes of a published directory whose leaf tiles are full. */
export function readTree(directory: string, size: number): Uint8Array {
  const edge = new RightEdge();
  for (let n = 0; n < size; n++) {
    const tile = readFileSync(join(directory, tilePath(0, Math.floor(n / 256))));
    edge.append(tile.subarray((n % 256) * hashLength, ((n % 256) + 1) * hashLength));
  }
  return edge.root();
}

/** Publishes up to 255 entries as they are, signed: what a liar with the key would do. */
export async function publishEntries(directory: string, entries: readonly Uint8Array[], signer: CheckpointSigner) {
  const edge = new RightEdge();
  for (const bytes of entries) edge.append(leafHash(bytes));
  const files: [string, Uint8Array | string][] = [['checkpoint', await signCheckpoint(signer, edge.size, edge.root())]];
  if (entries.length > 0) {
    files.push([bundlePath(0, entries.length), encodeBundle(entries)]);
    files.push([tilePath(0, 0, entries.length), Buffer.concat(entries.map(leafHash))]);
  }
  for (const [file, bytes] of files) {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    writeFileSync(join(directory, file), bytes);
  }
}
