import { BlockList, isIP } from 'node:net';

/** RFC 4291 §2.5.5.2: IPv4, written as IPv6. */
const mapped = new BlockList();
mapped.addSubnet('0.0.0.0', 0, 'ipv4');

/** Networks in CIDR form. What is not listed is not in them: no loopback, no private network. */
export class AddressRanges {
  /** Each in a list of its own: in one, every IPv4 address would be in an IPv6 network such as ::/64. */
  readonly #lists = { ipv4: new BlockList(), ipv6: new BlockList() };

  /** Throws for what is no network. */
  constructor(networks: readonly string[]) {
    for (const network of networks) {
      const { address, prefix, family } = readNetwork(network);
      this.#lists[family].addSubnet(address, prefix, family);
    }
  }

  /** `ip` as a socket tells it; an IPv4 address that came over an IPv6 socket is one of IPv4, and no other. */
  has(ip: string): boolean {
    const version = isIP(ip);
    if (version === 0) return false;
    const family = version === 4 ? 'ipv4' : 'ipv6';
    return this.#lists[version === 4 || mapped.check(ip, 'ipv6') ? 'ipv4' : 'ipv6'].check(ip, family);
  }
}

interface Network {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** Throws Error unless it is `address/length` and the address has no bit beyond it. */
export function readNetwork(text: string): Network {
  const [address = '', length = '', ...more] = text.split('/');
  const version = isIP(address);
  const bits = version === 4 ? 32 : 128;
  const prefix = /^(0|[1-9]\d{0,2})$/.test(length) ? Number(length) : Number.NaN;
  if (version === 0 || address.includes('%') || more.length > 0 || !(prefix <= bits)) {
    throw new Error(`"${text}" is not a network, such as 10.0.0.0/24, fd00::/64 or 192.0.2.7/32`);
  }
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const value = bitsOf(address, version);
  if (version === 6 && value >> 32n === 0xffffn) throw new Error(`"${text}" is an IPv4 network: write it so`);
  if ((value & ((1n << BigInt(bits - prefix)) - 1n)) !== 0n) {
    throw new Error(`"${text}" has bits set beyond its first ${prefix}: write the network's own address, or /${bits}`);
  }
  return { address, prefix, family };
}

/** The address as a number. `address` is one by `isIP`. */
function bitsOf(address: string, version: number): bigint {
  if (version === 4) return address.split('.').reduce((value, part) => (value << 8n) | BigInt(part), 0n);
  const [head = '', tail] = withoutDots(address).split('::');
  const words = (part: string) => (part === '' ? [] : part.split(':'));
  const [left, right] = [words(head), words(tail ?? '')];
  const zeros = Array.from({ length: tail === undefined ? 0 : 8 - left.length - right.length }, () => '0');
  return [...left, ...zeros, ...right].reduce((value, word) => (value << 16n) | BigInt(`0x${word}`), 0n);
}

/** RFC 4291 §2.2 item 3: the last four octets may be written as in IPv4. */
function withoutDots(address: string): string {
  const colon = address.lastIndexOf(':');
  const dotted = address.slice(colon + 1);
  if (!dotted.includes('.')) return address;
  const value = bitsOf(dotted, 4);
  return `${address.slice(0, colon + 1)}${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
}
