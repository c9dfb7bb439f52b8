import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** Most words remembered between steps. */
const maxRemembered = 100_000;

/** Texts by the number that rows name them by. */
export class Words {
  readonly #find: StatementSync;
  readonly #add: StatementSync;
  readonly #known = new Map<string, number>();

  constructor(database: DatabaseSync) {
    this.#find = database.prepare('SELECT id FROM word WHERE text = ?');
    this.#add = database.prepare('INSERT INTO word (text) VALUES (?)');
  }

  /** Its number, which it gets now if it has none. */
  idOf(text: string | undefined): number | null {
    if (text === undefined) return null;
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const found = this.#find.get(text)?.id;
    const id = typeof found === 'number' ? found : Number(this.#add.run(text).lastInsertRowid);
    if (this.#known.size >= maxRemembered) this.#known.clear();
    this.#known.set(text, id);
    return id;
  }

  /** What was given numbers in a transaction that did not hold. */
  forget(): void {
    this.#known.clear();
  }
}
