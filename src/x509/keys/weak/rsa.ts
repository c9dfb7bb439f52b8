import type { RefusalCode, RefusalDetail } from '#refusal/refusal.ts';
import { findFermatFactor } from './fermat.ts';
import { isPerfectPower } from './perfect-power.ts';
import { hasRocaFingerprint } from './roca.ts';
import { findSmallFactor } from './small-factors.ts';

export interface Weakness {
  readonly code: Extract<RefusalCode, `key.${string}`>;
  readonly sentence: string;
  readonly detail: RefusalDetail;
}

/** The first weakness of an RSA modulus (big-endian, odd), cheapest test first; null for none. */
export function findRsaWeakness(modulus: Uint8Array): Weakness | null {
  const n = toBigInt(modulus);
  const factor = findSmallFactor(n);
  if (factor !== undefined) {
    return { code: 'key.weak.small-factor', sentence: 'the RSA modulus has a small factor', detail: { factor } };
  }
  if (hasRocaFingerprint(n)) {
    return { code: 'key.weak.roca', sentence: 'the RSA key has the ROCA weakness (CVE-2017-15361)', detail: {} };
  }
  const rounds = findFermatFactor(n);
  if (rounds === 0 || isPerfectPower(n)) {
    return { code: 'key.weak.power', sentence: 'the RSA modulus is a power of one number', detail: {} };
  }
  if (rounds !== undefined) {
    return { code: 'key.weak.fermat', sentence: 'the RSA primes are too close together', detail: { rounds } };
  }
  return null;
}

function toBigInt(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`);
}
