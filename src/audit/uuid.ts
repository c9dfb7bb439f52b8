/**
 * UUIDs of version 7 (RFC 9562 §5.7): milliseconds of time, then 74 random bits. `random(length)` gives octets from a
 * CSPRNG; it is asked for many ids' worth at once, since each call costs more than an id.
 */
export function uuidSource(now: () => number, random: (length: number) => Uint8Array): () => string {
  let pool: Uint8Array = new Uint8Array(0);
  let at = 0;
  return () => {
    if (at + randomLength > pool.length) {
      pool = random(poolLength);
      at = 0;
    }
    const start = at;
    at += randomLength;
    return uuidv7(now(), pool.subarray(start, at));
  };
}

const randomLength = 10;
const poolLength = 100 * randomLength;

/** One UUIDv7 of a time in ms since the epoch and ten random octets. */
export function uuidv7(time: number, random: Uint8Array): string {
  const high = time.toString(16).padStart(12, '0');
  const r = Array.from(random, (octet) => hex[octet]);
  const version = `7${r[0]?.[1]}${r[1]}`;
  const variant = hex[0x80 | ((random[2] ?? 0) & 0x3f)];
  return `${high.slice(0, 8)}-${high.slice(8, 12)}-${version}-${variant}${r[3]}-${r[4]}${r[5]}${r[6]}${r[7]}${r[8]}${r[9]}`;
}

const hex = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, '0'));
