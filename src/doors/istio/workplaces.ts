/** How many more than `limit` there are for addresses below their share. */
const spare = 1 / 3;

/**
 * How many requests may be worked on at once. There is no queue: who finds no place is told so at once. A place is
 * free again when its work has really ended, so that a client that resets streams cannot pile up work behind it.
 *
 * Nobody is proven yet, so shares are by address. Up to `limit` places are anybody's; past it an address gets another one
 * only while it holds less than `limit` divided by all addresses that hold any, and a third past it nobody does.
 */
export class Workplaces {
  readonly #limit: number;
  readonly #most: number;
  readonly #byAddress = new Map<string, number>();
  #taken = 0;
  #newcomers = 0;

  constructor(limit: number) {
    this.#limit = limit;
    this.#most = Math.floor(limit * (1 + spare));
  }

  /** Of those taken: by the first call of a connection. */
  get newcomers(): number {
    return this.#newcomers;
  }

  take(address: string, newcomer = false): boolean {
    const own = this.#byAddress.get(address) ?? 0;
    if (this.#taken >= this.#limit && !this.#spareFor(own)) return false;
    this.#byAddress.set(address, own + 1);
    this.#taken++;
    if (newcomer) this.#newcomers++;
    return true;
  }

  free(address: string, newcomer = false): void {
    const own = this.#byAddress.get(address) ?? 0;
    if (own > 1) this.#byAddress.set(address, own - 1);
    else this.#byAddress.delete(address);
    this.#taken--;
    if (newcomer) this.#newcomers--;
  }

  #spareFor(own: number): boolean {
    return this.#taken < this.#most && own * this.#byAddress.size < this.#limit;
  }
}
