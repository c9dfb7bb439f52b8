import type { Entry } from '#audit/entry.ts';
import type { Json } from '#audit/event.ts';
import { isObject, memberOf, textOf } from '#audit/json-object.ts';
import type { Circumstances } from '#policy/question.ts';
import { parseTrustDomain } from '#spiffe/spiffe-id.ts';
import { Misfit } from './finding.ts';

/** What a server was configured to, as far as decisions hang on it. */
export interface Configuration {
  readonly trustDomains: Circumstances['trustDomains'];
  /** Every text in it; undefined where the record had no room for it. */
  readonly texts: ReadonlySet<string> | undefined;
  /** Of versions that did not put it into each record. */
  readonly dialect: 'istiod' | 'istio-csr' | undefined;
}

/** Servers that are remembered. */
const mostInstances = 10_000;

/** What `config.loaded` says, by the instance that said it: each record names its own. */
export class Configurations {
  readonly #byInstance = new Map<string, Configuration>();
  readonly #same = new Map<string, Configuration>();

  take({ instance, change }: Entry): void {
    const id = idOf(instance);
    const key = textOf(memberOf(change, 'afterSha256')) ?? id;
    const known = this.#same.get(key) ?? readConfiguration(change);
    if (known === undefined) return;
    if (this.#same.size < mostInstances) this.#same.set(key, known);
    this.#byInstance.delete(id);
    this.#byInstance.set(id, known);
    if (this.#byInstance.size <= mostInstances) return;
    for (const oldest of this.#byInstance.keys()) return void this.#byInstance.delete(oldest);
  }

  /** Throws Misfit where the log has none of who wrote this record. */
  of({ instance }: Entry): Configuration {
    const found = this.#byInstance.get(idOf(instance));
    if (found !== undefined) return found;
    throw new Misfit('configuration', 'the log says nothing of how the server was configured that wrote this record');
  }
}

const idOf = (instance: Json | undefined) => textOf(memberOf(instance, 'bootId')) ?? JSON.stringify(instance);

function readConfiguration(change: Json | undefined): Configuration | undefined {
  const content = memberOf(change, 'content');
  const listed = memberOf(change, 'trustDomains') ?? [
    memberOf(content, 'trustDomain') ?? '',
    ...listOf(memberOf(content, 'trustDomainAliases')),
  ];
  const [primary, ...aliases] = listOf(listed);
  if (primary === undefined || primary === '') return undefined;
  const dialect = memberOf(memberOf(content, 'istio'), 'dialect');
  return {
    trustDomains: { primary: parseTrustDomain(primary), aliases: aliases.map(parseTrustDomain) },
    texts: content === undefined ? undefined : new Set(textsIn(content)),
    dialect: dialect === 'istiod' || dialect === 'istio-csr' ? dialect : undefined,
  };
}

/** The texts of a list; none of what is no list. */
export const listOf = (value: Json | undefined): readonly string[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];

function textsIn(value: Json): readonly string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  return isObject(value) ? Object.values(value).flatMap(textsIn) : [];
}
