import type { PublicKey } from '../public-key.ts';

/** A list of keys whose private half is known to others. */
export interface KeyBlocklist {
  readonly name: string;
  /** Which entry, or group of entries, names this key; undefined when none does. Pure and quick: it runs per request. */
  find(key: PublicKey): string | undefined;
}
