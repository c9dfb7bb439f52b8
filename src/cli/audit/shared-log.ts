import type { PlacedDisclosure } from '#audit/disclosure.ts';
import { PostgresLook } from '#store/postgres/look.ts';
import { type PostgresSettings, placeOf } from '#store/postgres/settings.ts';
import type { Bodies } from '#store/tree-view.ts';
import type { LogSource } from './log-source.ts';

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

  entries(from: number, to: number): Promise<Bodies> {
    return this.#look.tree.entries(from, Math.min(to, this.size));
  }

  leaves(n: number): Promise<Uint8Array> {
    return this.#look.tree.tile(0, n);
  }

  disclosures(from: number, to: number): Promise<readonly PlacedDisclosure[]> {
    return this.#look.tree.disclosures(from, to);
  }

  close(): Promise<void> {
    return this.#look.close();
  }
}
