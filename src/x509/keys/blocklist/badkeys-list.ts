import { hash } from 'node:crypto';
import type { PublicKey } from '../public-key.ts';
import type { KeyBlocklist } from './blocklist.ts';

const recordLength = 16;
const hashLength = 15;

/** A list that cannot be trusted to find what is in it. */
export class BlocklistError extends Error {
  override readonly name = 'BlocklistError';
}

/**
 * A list in the format of the badkeys project: sorted records of 16 octets, 15 of a SHA-256 and one that names the
 * list within the list. Millions of keys fit; the octets are searched as they are.
 */
export class BadkeysList implements KeyBlocklist {
  readonly name: string;
  readonly #records: Uint8Array;
  readonly #names: ReadonlyMap<number, string>;

  private constructor(name: string, records: Uint8Array, names: ReadonlyMap<number, string>) {
    this.name = name;
    this.#records = records;
    this.#names = names;
  }

  /**
   * `names`: what the last octet of a record stands for (`blocklists[].id` and `.name` of the list's metadata). Throws
   * BlocklistError when the octets are not whole, sorted records: a search in them would miss keys without a word.
   */
  static over(name: string, records: Uint8Array, names: ReadonlyMap<number, string> = new Map()): BadkeysList {
    if (records.length === 0 || records.length % recordLength !== 0) {
      throw new BlocklistError(`${name}: ${records.length} octets are not whole records of ${recordLength}`);
    }
    for (let at = recordLength; at < records.length; at += recordLength) {
      if (compareRecord(records, at - recordLength, records, at) > 0) {
        throw new BlocklistError(`${name}: record ${at / recordLength} is not in order; the file is damaged`);
      }
    }
    return new BadkeysList(name, records, names);
  }

  get size(): number {
    return this.#records.length / recordLength;
  }

  find(key: PublicKey): string | undefined {
    const wanted = hash('sha256', badkeysNumber(key), 'buffer');
    let low = 0;
    let high = this.size - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const order = compareRecord(wanted, 0, this.#records, middle * recordLength);
      if (order === 0) return this.#nameOf(this.#records[middle * recordLength + hashLength] ?? 0);
      if (order > 0) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }

  #nameOf(id: number): string {
    return this.#names.get(id) ?? `list ${id}`;
  }
}

function compareRecord(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number): number {
  for (let i = 0; i < hashLength; i++) {
    const difference = (a[aAt + i] ?? 0) - (b[bAt + i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * What badkeys hashes: one big-endian number without leading zeros, which is the modulus, the x coordinate, or the raw
 * Ed25519 key; an ML-DSA key as it is.
 */
function badkeysNumber(key: PublicKey): Uint8Array {
  if (key.rsa !== undefined) return key.rsa.modulus;
  if (key.kind.startsWith('ml-dsa')) return key.bits;
  return withoutLeadingZeros(key.kind === 'ed25519' ? key.bits : key.bits.subarray(1, (key.bits.length + 1) / 2));
}

function withoutLeadingZeros(octets: Uint8Array): Uint8Array {
  const from = octets.findIndex((octet) => octet !== 0);
  return octets.subarray(from < 0 ? octets.length : from);
}
