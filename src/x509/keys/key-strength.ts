import { Refusal } from '#refusal/refusal.ts';
import type { KeyBlocklist } from './blocklist/blocklist.ts';
import { knownKeysList } from './blocklist/known-keys-list.ts';
import type { PublicKey } from './public-key.ts';
import { Verdicts } from './verdicts.ts';
import { findRsaWeakness, type Weakness } from './weak/rsa.ts';

const remembered = 10_000;

/**
 * Whether a key that has the right shape is also a strong one: arithmetic for RSA, then the lists. An agent asks
 * again with the same key, so verdicts are remembered; a changed list needs a new KeyStrength.
 */
export class KeyStrength {
  readonly #lists: readonly KeyBlocklist[];
  readonly #verdicts: Verdicts<Weakness>;

  /** `lists` come on top of the built-in one; `remember`: for how many keys a verdict is kept. */
  constructor(lists: readonly KeyBlocklist[] = [], remember = remembered) {
    this.#lists = [knownKeysList, ...lists];
    this.#verdicts = new Verdicts(remember);
  }

  /** Throws Refusal `key.weak.*` or `key.blocklisted`. */
  check(key: PublicKey): void {
    const known = this.#verdicts.get(key.spkiSha256);
    const weakness = known === undefined ? this.#judge(key) : known;
    if (known === undefined) this.#verdicts.set(key.spkiSha256, weakness);
    if (weakness === null) return;
    throw new Refusal(weakness.code, weakness.sentence, { spkiSha256: key.spkiSha256, ...weakness.detail });
  }

  #judge(key: PublicKey): Weakness | null {
    const weakness = key.rsa === undefined ? null : findRsaWeakness(key.rsa.modulus);
    return weakness ?? this.#lookUp(key);
  }

  #lookUp(key: PublicKey): Weakness | null {
    for (const list of this.#lists) {
      const entry = list.find(key);
      if (entry === undefined) continue;
      return {
        code: 'key.blocklisted',
        sentence: 'the private key of this key is public; generate a new one',
        detail: { list: list.name, entry },
      };
    }
    return null;
  }
}
