/** Randomness as this room needs it; the port `Entropy` fits. */
export interface RandomBytes {
  bytes(length: number): Uint8Array;
}

/**
 * A source of serial numbers of 20 octets: `instanceOctet`, then 152 random bits (RFC 5280 §4.1.2.2 wants a
 * positive number of at most 20 octets, the baseline requirements 64 random bits). The octet is 0x40..0x7f, so the
 * number is positive, never needs padding, and has always the same length; two instances with octets of their own
 * cannot collide.
 */
export function serialNumbers(entropy: RandomBytes, instanceOctet: number): () => Uint8Array {
  if (!Number.isInteger(instanceOctet) || instanceOctet < 0x40 || instanceOctet > 0x7f) {
    throw new RangeError(`an instance's serial octet is 0x40..0x7f, not ${instanceOctet}`);
  }
  return () => {
    const serial = new Uint8Array(20);
    serial.set(entropy.bytes(19), 1);
    serial[0] = instanceOctet;
    return serial;
  };
}
