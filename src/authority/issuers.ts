import type { Issuers, LiveIssuer } from '#issuance/live-issuer.ts';
import { Refusal } from '#refusal/refusal.ts';

/** Which issuers are live. One is swapped for its successor in one assignment: a request meets one or the other whole. */
export class LiveIssuers implements Issuers {
  readonly #byName = new Map<string, LiveIssuer>();
  readonly #default: string;
  readonly #listeners: (() => void)[] = [];

  constructor(issuers: readonly LiveIssuer[], defaultName: string) {
    for (const issuer of issuers) this.#byName.set(issuer.name, issuer);
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

  /** The successor takes over with the next request; requests under way end under the issuer they began with. */
  replace(successor: LiveIssuer): void {
    if (!this.#byName.has(successor.name)) throw new Error(`no issuer ${successor.name} to replace`);
    this.#byName.set(successor.name, successor);
    for (const listener of this.#listeners) listener();
  }

  /** Calls `follow` now and after every replacement. */
  onChange(follow: () => void): void {
    this.#listeners.push(follow);
    follow();
  }

  /** PEM of every root that a live chain ends in. */
  roots(): string {
    return this.all()
      .map(({ roots }) => roots)
      .join('');
  }

  all(): readonly LiveIssuer[] {
    return [...this.#byName.values()];
  }
}
