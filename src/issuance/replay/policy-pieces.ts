import type { Json } from '#audit/event.ts';
import { memberOf, textOf } from '#audit/json-object.ts';

/** Sets whose pieces come one by one, at a time, and pieces of one. */
const mostGathering = 16;
const mostPieces = 4_096;

/** Policy sets that are too long for one record: what records `policy.text` say, by the id of the set. */
export class PolicyPieces {
  readonly #gathering = new Map<string, (string | undefined)[]>();

  take(change: Json | undefined): void {
    const id = textOf(memberOf(change, 'afterSha256'));
    const [part, parts, text] = [memberOf(change, 'part'), memberOf(change, 'parts'), textOf(memberOf(change, 'text'))];
    if (id === undefined || typeof part !== 'number' || typeof parts !== 'number' || text === undefined) return;
    if (parts > mostPieces || part >= parts) return;
    const before = this.#gathering.get(id);
    const pieces = before?.length === parts ? before : Array.from<string | undefined>({ length: parts });
    pieces[part] = text;
    this.#gathering.delete(id);
    this.#gathering.set(id, pieces);
    dropOldest(this.#gathering, mostGathering);
  }

  /** The documents of a set, each as `read` has it; undefined while there are not all, or where they cannot be read. */
  documents<Read>(id: string, read: (document: Json, at: number) => Read): Read[] | undefined {
    const pieces = this.#gathering.get(id);
    if (pieces === undefined || pieces.includes(undefined)) return undefined;
    try {
      const documents: Json = JSON.parse(pieces.join(''));
      return Array.isArray(documents) ? documents.map(read) : undefined;
    } catch {
      return undefined;
    }
  }

  forget(id: string): void {
    this.#gathering.delete(id);
  }
}

export function dropOldest(map: Map<string, unknown>, most: number): void {
  if (map.size > most) for (const oldest of map.keys()) return void map.delete(oldest);
}
