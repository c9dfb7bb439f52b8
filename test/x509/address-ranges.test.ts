import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AddressRanges, readNetwork } from '#x509/address-ranges.ts';
import { ipText } from '#x509/ip-address.ts';

const has = (network: string, address: string) => new AddressRanges([network]).has(address);
const octets = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const bits = (bytes: Uint8Array) => [...bytes].map((octet) => octet.toString(2).padStart(8, '0')).join('');
const isMapped = (bytes: Uint8Array) =>
  bytes.length === 16 && bits(bytes).startsWith(`${'0'.repeat(80)}${'1'.repeat(16)}`);

/** The network of so many leading bits of an address, and another address that shares some of them. */
const networkAndAddress = (length: 4 | 16) =>
  fc
    .tuple(octets(length), octets(length), fc.nat(length * 8), fc.nat(length * 8))
    .map(([first, other, prefix, shared]) => ({
      prefix,
      network: first.map((octet, at) => octet & mask(prefix, at)),
      address: other.map((octet, at) => (octet & ~mask(shared, at)) | ((first[at] ?? 0) & mask(shared, at))),
    }));
const mask = (prefix: number, at: number) => (0xff << (8 - Math.max(0, Math.min(8, prefix - 8 * at)))) & 0xff;

describe('a network', () => {
  it.each([4, 16] as const)('of %i octets has the addresses that begin with its bits and no others', (length) => {
    let inside = 0;
    fc.assert(
      fc.property(networkAndAddress(length), ({ network, prefix, address }) => {
        fc.pre(!isMapped(network) && !isMapped(address));
        const wanted = bits(network).slice(0, prefix) === bits(address).slice(0, prefix);
        if (wanted) inside++;
        expect(has(`${ipText(network)}/${prefix}`, ipText(address))).toBe(wanted);
      }),
      { numRuns: 500 },
    );
    expect(inside).toBeGreaterThan(100);
  });

  it.each([
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['10.0.0.0/8', '::ffff:a01:203', true],
    ['10.0.0.0/8', '::10.1.2.3', false],
    ['0.0.0.0/0', '::1', false],
    ['::/0', 'fd00::1', true],
    ['::/0', '10.1.2.3', false],
    ['::/0', '::ffff:10.1.2.3', false],
    ['::/64', '10.1.2.3', false],
    ['::/64', '::1', true],
    ['fe80::/10', 'fe80::1%eth0', true],
    ['10.0.0.0/8', 'ten', false],
  ])('%s has %s: %s', (network, address, wanted) => expect(has(network, address)).toBe(wanted));

  it.each(['::ffff:0:0/96', '::FFFF:10.0.0.0/104', '0:0:0:0:0:ffff::/96', '0::ffff:10.0.0.0/104'])(
    'of IPv4 is not written as IPv6, as in %s',
    (network) => expect(() => readNetwork(network)).toThrow('is an IPv4 network: write it so'),
  );
});
