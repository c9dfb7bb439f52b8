import { tag } from '../der/tags.ts';

/**
 * RFC 5280 §4.1.2.5: UTCTime through 2049-12-31T23:59:59Z, GeneralizedTime from then on; always with seconds,
 * always `Z`, never a fraction. Times are whole seconds since the epoch.
 */
const firstGeneralized = Date.UTC(2050, 0, 1) / 1000;
const firstUtc = Date.UTC(1950, 0, 1) / 1000;
/** 9999-12-31T23:59:59Z: "no well-defined expiration" (RFC 5280 §4.1.2.5). */
export const lastTime = 253402300799;

/** Octets of the element, header included: 15 or 17. */
export function timeLength(seconds: number): number {
  return seconds < firstGeneralized ? 15 : 17;
}

function twoDigits(out: Uint8Array, at: number, value: number): void {
  const tens = (value / 10) | 0;
  out[at] = 0x30 + tens;
  out[at + 1] = 0x30 + value - tens * 10;
}

/** Writes the element at `at` and returns the offset behind it. Throws RangeError for a time no certificate can hold. */
export function writeTime(out: Uint8Array, at: number, seconds: number): number {
  if (!Number.isInteger(seconds) || seconds < firstUtc || seconds > lastTime) {
    throw new RangeError(`a certificate time is whole seconds from 1950 to 9999, not ${seconds}`);
  }
  const date = new Date(seconds * 1000);
  const year = date.getUTCFullYear();
  const generalized = seconds >= firstGeneralized;
  out[at] = generalized ? tag.generalizedTime : tag.utcTime;
  out[at + 1] = generalized ? 15 : 13;
  let next = at + 2;
  if (generalized) {
    twoDigits(out, next, (year / 100) | 0);
    next += 2;
  }
  twoDigits(out, next, year % 100);
  twoDigits(out, next + 2, date.getUTCMonth() + 1);
  twoDigits(out, next + 4, date.getUTCDate());
  twoDigits(out, next + 6, date.getUTCHours());
  twoDigits(out, next + 8, date.getUTCMinutes());
  twoDigits(out, next + 10, date.getUTCSeconds());
  out[next + 12] = 0x5a;
  return next + 13;
}
