import type { Issuers, LiveIssuer } from '#issuance/live-issuer.ts';
import { Refusal } from '#refusal/refusal.ts';
import { RootOverlap } from './root-overlap.ts';

/**
 * Which issuers are live. One is swapped for its successor in one assignment: a request meets one or the other whole.
 * Each hands out the roots of all of them: a workload has to trust the certificates of its peers, whoever issued them.
 */
export class LiveIssuers implements Issuers {
  /** As they were given, each with its own roots. */
  readonly #own = new Map<string, LiveIssuer>();
  #byName: ReadonlyMap<string, LiveIssuer> = new Map();
  #roots = '';
  readonly #default: string;
  readonly #overlap: RootOverlap;
  readonly #listeners: (() => void)[] = [];

  constructor(issuers: readonly LiveIssuer[], defaultName: string, overlap = new RootOverlap(0, Date.now)) {
    this.#overlap = overlap;
    for (const issuer of issuers) this.#own.set(issuer.name, issuer);
    this.#level();
    this.#default = defaultName;
    this.get(undefined);
  }

  get(name: string | undefined): LiveIssuer {
    const wanted = name === undefined || name === '' ? this.#default : name;
    const issuer = this.#byName.get(wanted);
    if (issuer === undefined) {
      throw new Refusal('issuer.unknown', 'there is no signer of the name in CertSigner', {
        signer: wanted.slice(0, 64),
      });
    }
    return issuer;
  }

  /** Successors take over together with the next request; requests under way end under the issuer they began with. */
  replace(...successors: readonly LiveIssuer[]): void {
    for (const { name } of successors) if (!this.#own.has(name)) throw new Error(`no issuer ${name} to replace`);
    for (const successor of successors) this.#own.set(successor.name, successor);
    this.#level();
    for (const listener of this.#listeners) listener();
  }

  /** Calls `follow` now and after every replacement. */
  onChange(follow: () => void): void {
    this.#listeners.push(follow);
    follow();
  }

  /** PEM of every root that is trusted for any of them, each once, in the order of the issuers. */
  roots(): string {
    return this.#roots;
  }

  /** What `roots` would be with these in the place of their predecessors; with none, what time has made of it. */
  rootsWith(...successors: readonly LiveIssuer[]): string {
    const byName = new Map([...this.#own, ...successors.map((each) => [each.name, each] as const)]);
    return this.#overlap.with(unionOf([...byName.values()].map(({ roots }) => roots))).join('');
  }

  /** Whether these bring other roots than those that their predecessors brought. */
  bringNews(successors: readonly LiveIssuer[]): boolean {
    return successors.some(({ name, roots }) => this.#own.get(name)?.roots !== roots);
  }

  all(): readonly LiveIssuer[] {
    return [...this.#byName.values()];
  }

  #level(): void {
    this.#roots = this.rootsWith();
    this.#overlap.take(unionOf([...this.#own.values()].map(({ roots }) => roots)));
    this.#byName = new Map([...this.#own].map(([name, issuer]) => [name, { ...issuer, roots: this.#roots }]));
  }
}

const oneCertificate = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g;

const unionOf = (bundles: readonly string[]) => [
  ...new Set(bundles.flatMap((bundle) => bundle.match(oneCertificate) ?? [])),
];
