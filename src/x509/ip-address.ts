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
