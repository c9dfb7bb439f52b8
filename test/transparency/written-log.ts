import { join } from 'node:path';
import { type CheckpointSigner, signCheckpoint } from '#audit/checkpoint.ts';
import { completeEntry, encodeEvent } from '#audit/entry.ts';
import { hashLength, leafHash, RightEdge } from '#audit/merkle.ts';
import { tileHeight, tileWidth } from '#audit/tiles.ts';
import { DroppedRows } from '#store/dropped-rows.ts';
import { writeDurably } from '#store/durable-file.ts';
import { publishTiles } from '#store/publish.ts';
import type { TreeView } from '#store/tree-view.ts';
import { issuedEvent } from '#test/audit/example-event.ts';

export const time = '2026-11-21T12:00:00.000Z';

/** Entry `seq` as a log has it; `n` says which event it is of. */
export const entryOf = (n: number, seq = n, at = time): Uint8Array =>
  completeEntry(encodeEvent(issuedEvent(n)), seq, at);

/** Any octets as the entries of a tree: nobody asks whether they are true. */
class Tree implements TreeView {
  readonly #entries: readonly Uint8Array[];
  readonly #levels: Uint8Array[][] = [];
  readonly root: Uint8Array;

  constructor(entries: readonly Uint8Array[]) {
    this.#entries = entries;
    const edge = new RightEdge();
    for (const entry of entries)
      edge.append(leafHash(entry), (height, hash) => {
        if (height % tileHeight !== 0) return;
        const level = this.#levels[height / tileHeight] ?? [];
        this.#levels[height / tileHeight] = level;
        level.push(hash);
      });
    this.root = edge.root();
  }

  head = () => ({ size: this.#entries.length, root: this.root, time: Date.parse(time) });
  lastIndex = () => this.#entries.length - 1;
  entry = (index: number) => this.#entries[index];
  entries = (from: number, to: number) => this.#entries.slice(from, to);
  disclosures = () => [];
  dropped = () => new DroppedRows();
  tile(level: number, n: number): Uint8Array {
    const hashes = this.#levels[level]?.slice(n * tileWidth, (n + 1) * tileWidth) ?? [];
    return Buffer.concat(hashes, hashes.length * hashLength);
  }
}

/** Publishes a log of these entries, whole and signed: what whoever holds the key can always do. */
export async function writeLog(directory: string, entries: readonly Uint8Array[], signer: CheckpointSigner) {
  const tree = new Tree(entries);
  await publishTiles(tree, directory, 0, entries.length);
  await writeCheckpoint(directory, entries, signer);
}

/** The checkpoint over these entries alone, wherever their tiles are. */
export async function writeCheckpoint(directory: string, entries: readonly Uint8Array[], signer: CheckpointSigner) {
  const note = await signCheckpoint(signer, entries.length, new Tree(entries).root);
  writeDurably(join(directory, 'checkpoint'), note);
}
