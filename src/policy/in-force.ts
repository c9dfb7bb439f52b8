import { provenPolicySet } from './load.ts';
import type { PolicySet, PolicySource } from './set.ts';

/** The set that decides now. It is swapped whole, between two decisions, and only for one that proved itself. */
export class PolicyInForce {
  #set: PolicySet;

  constructor(set: PolicySet) {
    this.#set = set;
  }

  get set(): PolicySet {
    return this.#set;
  }

  /** Both sets, for the record of the change. Throws DocumentError, and then the old set stays in force. */
  replace(sources: readonly PolicySource[], now: number): { readonly before: PolicySet; readonly after: PolicySet } {
    const before = this.#set;
    const after = provenPolicySet(sources, now);
    this.#set = after;
    return { before, after };
  }
}
