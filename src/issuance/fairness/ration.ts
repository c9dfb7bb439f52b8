import type { Tenant } from './tenant.ts';

/** Whose asking is told apart below a tenant: tenants of the level beneath, or pods by their UID. */
export type Child = Tenant | string;

/** Most children told apart in one period. */
const maxChildren = 1024;

/** ms: long enough for one at least. */
export const rationPeriod = (perSecond: number) => Math.max(1000, 1000 / perSecond);

/**
 * What is left for the modest once a tenant's bucket is empty: whoever below it has had less of this period than its
 * rate divided by all who ask is let through, so that one child in a tight loop empties the bucket for itself alone.
 */
export class Ration {
  readonly #periodMs: number;
  readonly #perPeriod: number;
  readonly #taken = new Map<Child, number>();
  #total = 0;
  #endsAt = 0;
  /** Children of the period before: at the start of one it is not known yet who will ask. */
  #before = 0;

  constructor(perSecond: number) {
    this.#periodMs = rationPeriod(perSecond);
    this.#perPeriod = (perSecond * this.#periodMs) / 1000;
  }

  allows(child: Child, now: number): boolean {
    this.#turn(now);
    let taken = this.#taken.get(child);
    if (taken === undefined) {
      if (this.#taken.size >= maxChildren) return false;
      this.#taken.set(child, 0);
      taken = 0;
    }
    const share = this.#perPeriod / Math.max(this.#before, this.#taken.size);
    return share >= 1 ? taken + 1 <= share : taken === 0 && this.#total < this.#perPeriod;
  }

  charge(child: Child, now: number): void {
    this.#turn(now);
    this.#total++;
    const taken = this.#taken.get(child);
    if (taken !== undefined) this.#taken.set(child, taken + 1);
    else if (this.#taken.size < maxChildren) this.#taken.set(child, 1);
  }

  #turn(now: number): void {
    if (now < this.#endsAt && now >= this.#endsAt - this.#periodMs) return;
    this.#before = now < this.#endsAt + this.#periodMs ? this.#taken.size : 0;
    this.#taken.clear();
    this.#total = 0;
    this.#endsAt = now + this.#periodMs;
  }
}
