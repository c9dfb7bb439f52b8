import { fault } from '../fault.ts';
import type { Dial } from './postgres-tree.ts';
import { statements } from './statements.ts';

/** Rows that one transaction removes. */
const stepLength = 1_024;

/** Drops bodies, as one of several replicas: the server's lock goes with the session. */
export class Dropping {
  readonly #dial: Dial;
  readonly #schema: string;

  constructor(dial: Dial, schema: string) {
    this.#dial = dial;
    this.#schema = schema;
  }

  /** Whether it is this replica that drops, for as long as its session lasts. */
  async lead(): Promise<boolean> {
    const [row] = await (await this.#dial()).query(
      "SELECT pg_try_advisory_lock(hashtext('countersign.drop'), hashtext($1)) AS taken",
      [this.#schema],
    );
    return row?.taken === true;
  }

  /** A part of what the record drops; true while there is more. */
  async drop(record: number): Promise<boolean> {
    const [row] = await (await this.#dial()).query(statements.drop, [record, stepLength]);
    fault('drop.committed');
    return row?.more === true;
  }

  /** The values that the record names. */
  async erase(record: number): Promise<void> {
    await (await this.#dial()).query(statements.erase, [record]);
    fault('erase.committed');
  }
}
