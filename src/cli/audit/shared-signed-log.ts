import { parseCheckpoint } from '#audit/checkpoint.ts';
import { inclusionProof } from '#audit/merkle-proof.ts';
import { foldTile, placeInTiles } from '#audit/tile-hashes.ts';
import type { TlogProof } from '#audit/tlog-proof.ts';
import { PostgresLook } from '#store/postgres/look.ts';
import { type PostgresSettings, placeOf } from '#store/postgres/settings.ts';
import { overHashes } from '#store/tree-hashes.ts';
import type { Bodies } from '#store/tree-view.ts';
import { ArchivedBodies } from './archived-bodies.ts';
import { provenEntry } from './proven-entry.ts';
import type { SignedLog } from './signed-log.ts';
import { openTrusted, type Trust } from './trust.ts';

/** A log that replicas share in a PostgreSQL, up to what any of them has published last. */
export class SharedSignedLog implements SignedLog {
  readonly name: string;
  readonly origin: string;
  readonly size: number;
  readonly hashes: SignedLog['hashes'] = { subtree: (height, index) => this.#subtree(height, index) };
  readonly #look: PostgresLook;
  readonly #note: string;
  readonly #archived: ArchivedBodies | undefined;
  /** Of each level: neighbours are mostly in the same tile. */
  readonly #newestTiles: { readonly n: number; readonly octets: Uint8Array }[] = [];

  private constructor(name: string, look: PostgresLook, note: string, archive: string | undefined) {
    const { origin, size } = parseCheckpoint(Buffer.from(note));
    this.name = name;
    this.origin = origin;
    this.size = size;
    this.#look = look;
    this.#note = note;
    const leaves = (n: number) => look.tree.tile(0, n);
    this.#archived = archive === undefined ? undefined : new ArchivedBodies(archive, { name, leaves });
  }

  /** `archive`: where the bundles are whose bodies are dropped here. Undefined before there is a checkpoint. Rejects with StoreError. */
  static async open(settings: PostgresSettings, archive?: string): Promise<SharedSignedLog | undefined> {
    const look = new PostgresLook(settings);
    let opened: SharedSignedLog | undefined;
    try {
      const note = await look.checkpoint();
      if (note !== undefined) opened = new SharedSignedLog(placeOf(settings), look, note, archive);
    } finally {
      if (opened === undefined) await look.close();
    }
    return opened;
  }

  async entries(from: number, to: number): Promise<Bodies> {
    const left = await this.#look.tree.entries(from, Math.min(to, this.size));
    return this.#archived === undefined ? left : await this.#archived.fill(left, from);
  }

  async prove(index: number, trust: Trust): Promise<TlogProof> {
    const checkpoint = openTrusted(this.#note, trust, this.name);
    const path = await this.path(index, checkpoint.size);
    const [entry] = await this.entries(index, index + 1);
    return provenEntry(this.name, { index, entry, path, checkpoint: this.#note }, checkpoint);
  }

  path(index: number, size: number): Promise<readonly Uint8Array[]> {
    return overHashes(this.#look.tree, (hashes) => inclusionProof(hashes, index, size));
  }

  trustedNote(trust: Trust): string {
    openTrusted(this.#note, trust, this.name);
    return this.#note;
  }

  close(): Promise<void> {
    return this.#look.close();
  }

  async #subtree(height: number, index: number): Promise<Uint8Array> {
    const { level, n, first, span } = placeInTiles(height, index);
    const last = this.#newestTiles[level];
    const octets = last?.n === n ? last.octets : await this.#look.tree.tile(level, n);
    this.#newestTiles[level] = { n, octets };
    return foldTile(octets, first, span);
  }
}
