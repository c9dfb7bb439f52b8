import { randomFillSync } from 'node:crypto';
import type { Clock, Entropy } from '#issuance/ports.ts';

export const systemClock: Clock = { now: () => Date.now() };

const poolSize = 4096;

/** The operating system's CSPRNG, drawn in blocks: a call for 19 octets costs as much as one for 4,096. */
export class SystemEntropy implements Entropy {
  readonly #pool = new Uint8Array(poolSize);
  #used = poolSize;

  bytes(length: number): Uint8Array {
    if (length > poolSize) return randomFillSync(new Uint8Array(length));
    if (this.#used + length > poolSize) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    const drawn = this.#pool.slice(this.#used, this.#used + length);
    this.#pool.fill(0, this.#used, this.#used + length);
    this.#used += length;
    return drawn;
  }
}
