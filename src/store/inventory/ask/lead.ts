import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { Condition } from './condition.ts';
import type { Range } from './moments.ts';

/** Most rows that one page looks at, whatever they turn out to be: what bounds the time of an answer. */
export const mostLooked = 10_000;

/** How the rows of a page are come by: along the index of the condition that fewest of them satisfy, else along the log. */
export class Lead {
  readonly #database: DatabaseSync;
  readonly #leader: Condition | undefined;
  readonly #conditions: readonly Condition[];

  constructor(database: DatabaseSync, conditions: readonly Condition[], range: Range) {
    this.#database = database;
    this.#conditions = conditions;
    this.#leader = this.#narrowest(range);
  }

  /** How many rows of `range` it leads to, newest first and at most `most`, and the lowest leaf index that they reach. */
  reach(range: Range, most: number): { readonly looked: number; readonly floor: number } {
    if (this.#leader === undefined) {
      const floor = Math.max(range.from, range.to - most);
      return { looked: range.to - floor, floor };
    }
    const { looked, lowest } = this.#count(this.#leader, range, most);
    return { looked, floor: looked < most ? range.from : lowest };
  }

  /** Leaf indexes of the rows of `range` that satisfy every condition, newest first. */
  rows(range: Range, limit: number): number[] {
    const { sql, values } = this.statement(range, limit);
    const found = this.#database.prepare(sql).all(...values);
    return found.map(({ seq }) => Number(seq));
  }

  /** What `rows` asks SQLite. */
  statement({ from, to }: Range, limit: number): { readonly sql: string; readonly values: readonly SQLInputValue[] } {
    const where = this.#conditions.map(({ sql }) => `${sql} AND `).join('');
    return {
      sql: `SELECT seq FROM record ${by(this.#leader)} WHERE ${where}seq >= ? AND seq < ? ORDER BY seq DESC LIMIT ?`,
      values: [...this.#conditions.flatMap(({ values }) => values), from, to, limit],
    };
  }

  #narrowest(range: Range): Condition | undefined {
    const indexed = this.#conditions.filter(({ index }) => index !== undefined);
    let best: { readonly condition: Condition; readonly looked: number } | undefined;
    for (const condition of indexed) {
      const { looked } = this.#count(condition, range, mostLooked);
      if (best === undefined || looked < best.looked) best = { condition, looked };
      if (looked === 0) break;
    }
    if (best === undefined || best.looked < mostLooked) return best?.condition;
    // Those of several words would have to be sorted, all of them.
    return indexed.find(({ index }) => index?.ordered);
  }

  #count(condition: Condition, { from, to }: Range, most: number) {
    const order = condition.index?.ordered ? 'ORDER BY seq DESC' : '';
    const row = this.#database
      .prepare(`SELECT count(*) AS looked, min(seq) AS lowest FROM (SELECT seq FROM record ${by(condition)}
        WHERE ${condition.sql} AND seq >= ? AND seq < ? ${order} LIMIT ?)`)
      .get(...condition.values, from, to, most);
    return { looked: Number(row?.looked), lowest: Number(row?.lowest) };
  }
}

function by(condition: Condition | undefined): string {
  return condition?.index?.name ? `INDEXED BY ${condition.index.name}` : 'NOT INDEXED';
}
