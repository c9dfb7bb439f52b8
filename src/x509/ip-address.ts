import { isIPv4, isIPv6 } from 'node:net';

/** The four or sixteen octets of an iPAddress (RFC 5280 §4.2.1.6). Throws RangeError for what is no address. */
export function ipOctets(text: string): Uint8Array {
  if (isIPv4(text)) return Uint8Array.from(text.split('.'), Number);
  if (!isIPv6(text) || text.includes('%')) throw new RangeError(`not an IP address: ${text}`);
  const [head = '', tail] = text.split('::');
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const gap = new Array<number>(16 - before.length - after.length).fill(0);
  return Uint8Array.from([...before, ...gap, ...after]);
}

/** Octets of the groups between colons; the last may be a dotted quad. */
function groups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

/** Text of 4 or 16 octets, IPv6 in the form of RFC 5952 §4. Throws RangeError for another count. */
export function ipText(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join('.');
  if (octets.length !== 16) throw new RangeError('an IP address is neither 4 nor 16 octets');
  const groups = Array.from({ length: 8 }, (_, i) => ((octets[2 * i] ?? 0) << 8) | (octets[2 * i + 1] ?? 0));
  const run = longestZeroRun(groups);
  const text = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  return run.length < 2 ? text(0, 8) : `${text(0, run.at)}::${text(run.at + run.length, 8)}`;
}

/** The first of the longest runs of zero groups. */
function longestZeroRun(groups: readonly number[]): { at: number; length: number } {
  let best = { at: 0, length: 0 };
  for (let at = 0; at < groups.length; at++) {
    let length = 0;
    while (groups[at + length] === 0) length++;
    if (length > best.length) best = { at, length };
  }
  return best;
}
