import { openCheckpoint } from '#audit/checkpoint.ts';
import type { PlacedDisclosure } from '#audit/disclosure.ts';
import { leafHash } from '#audit/merkle.ts';
import { inclusionProof, rootFromInclusion } from '#audit/merkle-proof.ts';
import type { TlogProof } from '#audit/tlog-proof.ts';
import { parseVkeys } from '#audit/vkey.ts';
import { PostgresLook, type SignedLast } from '#store/postgres/look.ts';
import { type PostgresSettings, placeOf } from '#store/postgres/settings.ts';
import { overHashes } from '#store/tree-hashes.ts';
import type { Bodies } from '#store/tree-view.ts';
import { Failure } from '../failure.ts';
import type { LogSource } from './log-source.ts';
import type { ProvingLog } from './proving-log.ts';
import { demandWitnesses, type Trust } from './trust.ts';

/** A log that replicas share in a PostgreSQL, read beside them: a machine that only asks has no published folder of it. */
export class SharedLog implements LogSource {
  readonly name: string;
  readonly size: number;
  readonly #look: PostgresLook;

  private constructor(name: string, look: PostgresLook, size: number) {
    this.name = name;
    this.size = size;
    this.#look = look;
  }

  /** Rejects with StoreError. */
  static async open(settings: PostgresSettings): Promise<SharedLog> {
    const look = new PostgresLook(settings);
    try {
      return new SharedLog(placeOf(settings), look, await look.size());
    } catch (thrown) {
      await look.close();
      throw thrown;
    }
  }

  /** What the newest checkpoint covers; undefined before there is one. */
  static async openSigned(settings: PostgresSettings): Promise<ProvingLog | undefined> {
    const look = new PostgresLook(settings);
    let signed: SignedLast | undefined;
    try {
      signed = await look.signed();
    } finally {
      if (signed === undefined) await look.close();
    }
    if (signed === undefined) return undefined;
    const { size, note } = signed;
    const name = placeOf(settings);
    return {
      size,
      prove: (index, trust) => prove(look, name, note, index, trust),
      close: () => look.close(),
    };
  }

  entries(from: number, to: number): Promise<Bodies> {
    return this.#look.tree.entries(from, Math.min(to, this.size));
  }

  disclosures(from: number, to: number): Promise<readonly PlacedDisclosure[]> {
    return this.#look.tree.disclosures(from, to);
  }

  close(): Promise<void> {
    return this.#look.close();
  }
}

async function prove(
  { tree }: PostgresLook,
  name: string,
  checkpoint: string,
  index: number,
  trust: Trust,
): Promise<TlogProof> {
  const { size, root, note } = openCheckpoint(Buffer.from(checkpoint), ...parseVkeys(trust.vkey));
  demandWitnesses(note, trust, name);
  const path = await overHashes(tree, (hashes) => inclusionProof(hashes, index, size));
  const entry = await tree.entry(index);
  if (entry === undefined)
    throw new Failure('no', `${name}: of entry ${index} only the hash is left; its archive may have it`);
  const computed = rootFromInclusion(leafHash(entry), index, size, path);
  if (computed === undefined || !Buffer.from(root).equals(computed))
    throw new Failure('no', `${name}: entry ${index} is not under the root that the checkpoint signs`);
  return { index, entry, path, checkpoint };
}
