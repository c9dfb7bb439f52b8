import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeBundle } from '#audit/bundle.ts';
import { parseCheckpoint, type ReadCheckpoint } from '#audit/checkpoint.ts';
import { decodeEntry } from '#audit/entry.ts';
import { type HashSource, inclusionProof } from '#audit/merkle-proof.ts';
import { TileHashes } from '#audit/tile-hashes.ts';
import { bundlePath, checkpointPath, hashesAt, retainedPath, tilePath, tileWidth } from '#audit/tiles.ts';
import type { TlogProof } from '#audit/tlog-proof.ts';
import { Failure } from '../failure.ts';
import type { LogSource } from './log-source.ts';
import { provenEntry } from './proven-entry.ts';
import type { SignedLog } from './signed-log.ts';
import { openTrusted, type Trust } from './trust.ts';

/** A published directory as of its checkpoint. Reading trusts it; `prove` checks what it gives. */
export class PublishedLog implements LogSource, SignedLog {
  readonly name: string;
  readonly size: number;
  readonly #directory: string;
  readonly #archive: string | undefined;
  readonly #checkpoint: ReadCheckpoint;
  readonly #note: string;
  readonly #newestTiles: { readonly n: number; readonly octets: Uint8Array }[] = [];
  /** Roots of the complete subtrees, as the tiles have them. */
  readonly hashes: HashSource = new TileHashes((level, n) => this.#hashTile(level, n));

  /** `archive`: where the bundles are that are dropped here. Throws Failure `input` where no checkpoint is, Malformed for one that is none. */
  constructor(directory: string, archive?: string) {
    const file = join(directory, checkpointPath);
    if (!existsSync(file))
      throw new Failure('input', `${directory}: not a published log: it has no file ${checkpointPath}`);
    const octets = readFileSync(file);
    this.name = directory;
    this.#directory = directory;
    this.#archive = archive;
    this.#checkpoint = parseCheckpoint(octets);
    this.#note = octets.toString('utf8');
    this.size = this.#checkpoint.size;
  }

  entries(from: number, to: number): readonly (Uint8Array | undefined)[] {
    const found: (Uint8Array | undefined)[] = [];
    for (let at = from; at < Math.min(to, this.size); ) {
      const n = Math.floor(at / tileWidth);
      const part = this.#bundle(n).slice(at - n * tileWidth, Math.min(to, this.size) - n * tileWidth);
      if (part.length === 0) throw new Failure('no', `${bundlePath(n)}: entry ${at} is missing`);
      found.push(...part);
      at += part.length;
    }
    return found;
  }

  /** Of one that was dropped, what the archive has of it, else what was kept, each at its place. */
  #bundle(n: number): readonly (Uint8Array | undefined)[] {
    const retained = join(this.#directory, retainedPath(n));
    const isDropped = existsSync(retained) && !existsSync(join(this.#directory, bundlePath(n)));
    if (!isDropped) return decodeBundle(this.#tile((width) => bundlePath(n, width), n, 0));
    const archived = this.#archive === undefined ? undefined : join(this.#archive, bundlePath(n));
    if (archived !== undefined && existsSync(archived)) return decodeBundle(readFileSync(archived));
    const kept = new Map(decodeBundle(readFileSync(retained)).map((entry) => [decodeEntry(entry).seq, entry]));
    return Array.from({ length: tileWidth }, (_, at) => kept.get(n * tileWidth + at));
  }

  /** A proof that was checked up to a checkpoint that is trusted. Throws Failure `no` when it does not hold. */
  prove(index: number, trust: Trust): TlogProof {
    const checkpoint = openTrusted(this.#note, trust, this.#directory);
    const path = this.path(index, checkpoint.size);
    const [entry] = this.entries(index, index + 1);
    return provenEntry(this.name, { index, entry, path, checkpoint: this.#note }, checkpoint);
  }

  /** Hashes of leaf tile `n`, as they stand there. */
  leaves(n: number): Uint8Array {
    return this.#tile((width) => tilePath(0, n, width), n, 0);
  }

  trustedNote(trust: Trust): string {
    openTrusted(this.#note, trust, this.#directory);
    return this.#note;
  }

  path(index: number, size: number): readonly Uint8Array[] {
    return inclusionProof(this.hashes, index, size);
  }

  /** One after the other, neighbours are mostly in the same tile. */
  #hashTile(level: number, n: number): Uint8Array {
    const last = this.#newestTiles[level];
    if (last?.n === n) return last.octets;
    const octets = this.#tile((width) => tilePath(level, n, width), n, level);
    this.#newestTiles[level] = { n, octets };
    return octets;
  }

  /** A partial tile or bundle may be gone once its full one is there. */
  #tile(path: (width: number) => string, n: number, level: number): Buffer {
    const width = Math.min(tileWidth, hashesAt(level, this.size) - n * tileWidth);
    const partial = join(this.#directory, path(width));
    return readFileSync(existsSync(partial) ? partial : join(this.#directory, path(tileWidth)));
  }

  get origin(): string {
    return this.#checkpoint.origin;
  }

  close(): void {}
}
