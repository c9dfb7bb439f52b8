/** Many runs of octets as one, and where each begins (from 1) and how long it is. */
export function pieces(parts: readonly Uint8Array[]): { octets: Buffer; starts: number[]; lengths: number[] } {
  const lengths = parts.map(({ length }) => length);
  let next = 1;
  const starts = lengths.map((length) => {
    const start = next;
    next += length;
    return start;
  });
  return { octets: Buffer.concat(parts), starts, lengths };
}
