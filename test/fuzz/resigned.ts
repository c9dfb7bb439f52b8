import { sign } from 'node:crypto';
import { algorithmIdentifier } from '#x509/algorithm-identifiers.ts';
import { DerReader } from '#x509/der/reader.ts';
import { bitString, sequence } from '#x509/der/writer.ts';
import { standardKey } from '../x509/csr/build.ts';
import { Dice, mutateTree } from './mutate.ts';

/** `COUNTERSIGN_FUZZ_SEED` makes the same run again. */
export const seed = Number(process.env.COUNTERSIGN_FUZZ_SEED ?? 20261121);

/** Mutants of what was signed, signed again, so that only the reader stands between them and acceptance. */
export function resigned(requests: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  const key = standardKey();
  const bodies = requests.map((der) => DerReader.over(der).sequence().element());
  const dice = new Dice(seed);
  return Array.from({ length: count }, (_, i) => {
    const info = mutateTree(bodies[i % bodies.length] ?? new Uint8Array(0), dice);
    return sequence(info, algorithmIdentifier(key.algorithm), bitString(sign('sha256', info, key.privateKey)));
  });
}
