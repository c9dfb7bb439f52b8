import { randomBytes, randomFillSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { serialNumbers } from '#x509/profile/serial.ts';

const entropy = { bytes: (length: number) => randomBytes(length) };

describe('serial numbers', () => {
  it('P-4, Istio 70: a million are 20 octets, positive, and all different', () => {
    const pool = randomFillSync(new Uint8Array(19 * 1_000_000));
    let at = 0;
    const bytes = (length: number) => {
      at += length;
      return pool.subarray(at - length, at);
    };
    const next = serialNumbers({ bytes }, 0x41);
    const seen = new Set<string>();
    let wrong = 0;
    for (let i = 0; i < 1_000_000; i++) {
      const serial = next();
      if (serial.length !== 20 || serial[0] !== 0x41) wrong++;
      seen.add(Buffer.from(serial.buffer, serial.byteOffset, 20).toString('latin1'));
    }
    expect([seen.size, wrong]).toEqual([1_000_000, 0]);
  });

  it('P-4: two instances cannot collide, whatever their randomness', () => {
    const same = { bytes: (length: number) => new Uint8Array(length).fill(7) };
    expect(serialNumbers(same, 0x40)()).not.toEqual(serialNumbers(same, 0x41)());
  });

  it('P-4: gives an array of its own each time, so that a kept serial stays', () => {
    const next = serialNumbers(entropy, 0x7f);
    const first = next();
    const copy = Uint8Array.from(first);
    next();
    expect(first).toEqual(copy);
  });

  it.each([0x3f, 0x80, -1, (0x40).valueOf() + 0.5, Number.NaN])('P-4: refuses the instance octet %s', (octet) => {
    expect(() => serialNumbers(entropy, octet)).toThrow(RangeError);
  });
});
