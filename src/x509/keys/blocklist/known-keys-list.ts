import type { PublicKey } from '../public-key.ts';
import type { KeyBlocklist } from './blocklist.ts';
import { knownKeys } from './known-keys.ts';

const sources = new Map(
  Object.entries(knownKeys).flatMap(([source, hashes]) => hashes.map((hash) => [hash, source] as const)),
);

/** The list that every installation has: keys printed in specifications and test suites. */
export const knownKeysList: KeyBlocklist = {
  name: 'known-keys',
  find: (key: PublicKey) => sources.get(key.spkiSha256),
};
