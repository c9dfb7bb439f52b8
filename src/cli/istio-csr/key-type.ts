import type { OwnKeyType } from '#config/schema/own-key-type.ts';

/** Our name of a key, or a sentence about what may be asked for. `bits` 0 is the usual size, where `zero` allows it. */
export function keyTypeOf(algorithm: string, bits: number, zero: 'usual' | 'refused'): OwnKeyType | RangeError {
  const known: Readonly<Record<string, Readonly<Record<number, OwnKeyType>>>> = {
    RSA: { 2048: 'rsa:2048', 3072: 'rsa:3072', 4096: 'rsa:4096', ...(zero === 'usual' && { 0: 'rsa:2048' }) },
    ECDSA: { 256: 'ec:P-256', 384: 'ec:P-384', ...(zero === 'usual' && { 0: 'ec:P-256' }) },
  };
  const sizes = Object.hasOwn(known, algorithm) ? known[algorithm] : undefined;
  if (sizes === undefined) return new RangeError(`${JSON.stringify(algorithm)} is neither RSA nor ECDSA`);
  const found = Object.hasOwn(sizes, bits) ? sizes[bits] : undefined;
  const right = Object.keys(sizes).filter((size) => size !== '0');
  return found ?? new RangeError(`an ${algorithm} key of ${bits} bits is not made here: one of ${right.join(', ')}`);
}
