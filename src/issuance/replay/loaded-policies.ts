import type { Entry } from '#audit/entry.ts';
import type { Json } from '#audit/event.ts';
import { isObject, memberOf, textOf } from '#audit/json-object.ts';
import { DocumentError } from '#document/problem.ts';
import { type PolicySet, type PolicySource, policySet } from '#policy/set.ts';
import { Misfit } from './finding.ts';
import { dropOldest, PolicyPieces } from './policy-pieces.ts';

/** A set as the log was told of it; read when a record first names it. */
interface Told {
  readonly sources: readonly PolicySource[] | undefined;
  /** ms since the epoch: it was good then. */
  readonly time: number;
  set?: PolicySet;
  fault?: string | undefined;
}

/** Sets that are remembered. */
const mostSets = 1_000;

/** What `policy.loaded` and `policy.text` say, by the id of the set, which is the hash of what it says. */
export class LoadedPolicies {
  readonly #told = new Map<string, Told>();
  readonly #pieces = new PolicyPieces();

  take({ type, time, change }: Entry): void {
    const id = textOf(memberOf(change, 'afterSha256'));
    if (id === undefined) return;
    if (type === 'policy.text') this.#pieces.take(change);
    else this.#loaded(id, Date.parse(time), memberOf(change, 'content'));
  }

  /** Throws Misfit for a set that the log was not told of, or that is not what its id says. */
  set(id: string): PolicySet {
    const told = this.#told.get(id);
    if (told === undefined) throw new Misfit('policy-set', `the log was never told of policy set ${id}`);
    if (told.set !== undefined) return told.set;
    told.fault ??= this.#read(id, told);
    if (told.set === undefined) throw new Misfit('policy-set', told.fault ?? '');
    return told.set;
  }

  #loaded(id: string, time: number, content: Json | undefined): void {
    const known = this.#told.get(id);
    const sources =
      known?.sources ??
      (isObject(content) ? Object.values(content).map(sourceOf) : this.#pieces.documents(id, sourceOf));
    this.#pieces.forget(id);
    this.#told.delete(id);
    this.#told.set(id, known?.set === undefined ? { sources, time } : { ...known, sources });
    dropOldest(this.#told, mostSets);
  }

  /** Why it cannot be used, if so. */
  #read(id: string, told: Told): string | undefined {
    if (told.sources === undefined)
      return `what policy set ${id} says is not in the log: it was too long for its record`;
    try {
      const set = policySet(told.sources, told.time);
      // Of URLs the record has no query: then the hash is of more than anybody can see, and the record's word is taken.
      const masked = told.sources.some(({ text }) => text.includes('?[masked]'));
      if (set.id !== id && !masked) return `what the log says of policy set ${id} is that of ${set.id}`;
      told.set = set.id === id ? set : { ...set, id };
      return undefined;
    } catch (thrown) {
      if (!(thrown instanceof DocumentError)) throw thrown;
      return `policy set ${id} cannot be read: ${thrown.problems[0]?.message ?? thrown.message}`;
    }
  }
}

/** YAML holds JSON. */
const sourceOf = (content: unknown, at: number): PolicySource => ({
  file: `policy ${at} of the record`,
  text: JSON.stringify(content),
});
