import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { AnsweredRecord } from '#audit/questions/answer.ts';
import type { Related } from '#audit/questions/catalogue.ts';

/** The last load of the set that decided; the next CRL of the issuer; the first certificate of the key. */
const statements = {
  'policy-loaded': `SELECT o.seq, o.time - r.time AS after FROM record AS r, record AS o INDEXED BY by_type
    WHERE r.seq = ? AND o.type = (SELECT id FROM word WHERE text = 'policy.loaded') AND o.policy_set = r.policy_set
    AND o.seq < r.seq ORDER BY o.seq DESC LIMIT 1`,
  'crl-published': `SELECT o.seq, o.time - r.time AS after FROM record AS r, record AS o INDEXED BY by_type
    WHERE r.seq = ? AND o.type = (SELECT id FROM word WHERE text = 'crl.published') AND o.issuer_key = r.issuer_key
    AND o.seq > r.seq ORDER BY o.seq LIMIT 1`,
  'key-first': `SELECT o.seq, o.time - r.time AS after FROM record AS r, record AS o INDEXED BY by_spki
    WHERE r.seq = ? AND o.spki = r.spki AND o.issued = 1 AND o.seq < r.seq ORDER BY o.seq LIMIT 1`,
} as const satisfies Record<Related, string>;

/** Finds the record that belongs to another. */
export class Relations {
  readonly #what: Related | undefined;
  readonly #statement: StatementSync | undefined;

  constructor(database: DatabaseSync, what: Related | undefined) {
    this.#what = what;
    this.#statement = what && database.prepare(statements[what]);
  }

  of(index: number): Pick<AnsweredRecord, 'related'> {
    const row = this.#statement?.get(index);
    if (this.#what === undefined || row === undefined) return {};
    return { related: { what: this.#what, index: Number(row.seq), afterMs: Number(row.after) } };
  }
}
