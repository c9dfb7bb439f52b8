import type { Tenant } from './tenant.ts';

/** How many are looked at to make room for one: a bound on the work, whoever fills the roll. */
const maxProbes = 8;

/** At most `most` tenants. A hand goes round them and lets go of those with which nothing would be forgotten. */
export class Roll {
  readonly #most: number;
  readonly #tenants: Tenant[] = [];
  #hand = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#tenants.length;
  }

  add(tenant: Tenant): void {
    this.#tenants.push(tenant);
  }

  /** True when one more may be added. `forget` returns whether it has let go of the tenant. */
  makeRoom(forget: (tenant: Tenant) => boolean): boolean {
    if (this.#tenants.length < this.#most) return true;
    for (let probe = 0; probe < maxProbes; probe++) {
      if (this.#hand >= this.#tenants.length) this.#hand = 0;
      const at = this.#hand++;
      const tenant = this.#tenants[at];
      if (tenant !== undefined && forget(tenant)) {
        this.#remove(at);
        return true;
      }
    }
    return false;
  }

  #remove(at: number): void {
    const last = this.#tenants.pop();
    if (last !== undefined && at < this.#tenants.length) this.#tenants[at] = last;
  }
}
