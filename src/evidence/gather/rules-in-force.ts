import type { Entry } from '#audit/entry.ts';
import type { Json } from '#audit/event.ts';
import { isObject, memberOf, textOf } from '#audit/json-object.ts';
import { PolicyPieces } from '#issuance/replay/policy-pieces.ts';
import type { ConfigurationInForce, Evidence, PolicySetInForce } from '../evidence.ts';

/** States that are told apart in a period; what comes after is counted alone. */
const mostStates = 100;

/** Policies and configurations as the log was told of them: what was in force when the period began, and what came in it. */
export class RulesInForce {
  readonly #policySets = new Map<string, PolicySetInForce>();
  readonly #configurations = new Map<string, ConfigurationInForce>();
  readonly #pieces = new PolicyPieces();
  #more = 0;

  /** In order, from the beginning of the log on. */
  take(entry: Entry, isOfPeriod: boolean): void {
    switch (entry.type) {
      case 'policy.text':
        this.#pieces.take(entry.change);
        break;
      case 'policy.loaded':
        this.#policiesLoaded(entry, isOfPeriod);
        break;
      case 'config.loaded':
        this.#configLoaded(entry, isOfPeriod);
        break;
      case 'certificate.issued':
      case 'certificate.denied':
        if (isOfPeriod) this.#decided(entry);
    }
  }

  get all(): Evidence['rules'] {
    return {
      policySets: [...this.#policySets.values()],
      configurations: [...this.#configurations.values()],
      more: this.#more,
    };
  }

  #policiesLoaded(entry: Entry, isOfPeriod: boolean): void {
    const { seq: index, time, change } = entry;
    const id = idIn(entry);
    const documents = documentsIn(memberOf(change, 'content')) ?? this.#pieces.documents(id, documentOf);
    this.#pieces.forget(id);
    const state = { id, index, time, loads: 0, issued: 0, refused: 0, ...(documents && { documents }) };
    this.#put(this.#policySets, state, isOfPeriod);
  }

  #configLoaded(entry: Entry, isOfPeriod: boolean): void {
    const { seq: index, time, change } = entry;
    const content = memberOf(change, 'content');
    const state = { id: idIn(entry), index, time, loads: 0, ...(content !== undefined && { content }) };
    this.#put(this.#configurations, state, isOfPeriod);
  }

  /** One before the period takes the place of the one before it; loads are those of the period. */
  #put<State extends { readonly id: string; readonly loads: number }>(
    states: Map<string, State>,
    state: State,
    isOfPeriod: boolean,
  ): void {
    if (!isOfPeriod) states.clear();
    const known = states.get(state.id);
    if (known === undefined && states.size >= mostStates) this.#more++;
    else states.set(state.id, { ...(known ?? state), loads: (known?.loads ?? 0) + (isOfPeriod ? 1 : 0) });
  }

  #decided({ type, decision }: Entry): void {
    const state = this.#policySets.get(textOf(memberOf(decision, 'policySetId')) ?? '');
    if (state === undefined) return;
    const word = type === 'certificate.issued' ? 'issued' : 'refused';
    this.#policySets.set(state.id, { ...state, [word]: state[word] + 1 });
  }
}

const idIn = ({ change }: Entry) => textOf(memberOf(change, 'afterSha256')) ?? '';

/** Policies that stand in the record of their load. */
export function documentsIn(content: Json | undefined): PolicySetInForce['documents'] {
  return isObject(content) ? Object.values(content).map(documentOf) : undefined;
}

export const documentOf = (content: Json) => ({
  name: textOf(memberOf(memberOf(content, 'metadata'), 'name')) ?? 'without a name',
  content,
});
