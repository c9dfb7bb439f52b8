import type { Der } from './algorithms.ts';
import type { DerReader } from './der/reader.ts';
import { tag } from './der/tags.ts';
import { text } from './der/writer.ts';

/**
 * RFC 5280 §4.1.2.5: UTCTime through 2049-12-31T23:59:59Z, GeneralizedTime from then on; always with seconds,
 * always `Z`, never a fraction. Times are whole seconds since the epoch.
 */
const firstGeneralized = Date.UTC(2050, 0, 1) / 1000;
const firstUtc = Date.UTC(1950, 0, 1) / 1000;
/** 9999-12-31T23:59:59Z: "no well-defined expiration" (RFC 5280 §4.1.2.5). */
const lastTime = 253402300799;

/** Octets of the element, header included: 15 or 17. */
export function timeLength(seconds: number): number {
  return seconds < firstGeneralized ? 15 : 17;
}

function twoDigits(out: Uint8Array, at: number, value: number): void {
  const tens = (value / 10) | 0;
  out[at] = 0x30 + tens;
  out[at + 1] = 0x30 + value - tens * 10;
}

function checkRange(seconds: number): void {
  if (!Number.isInteger(seconds) || seconds < firstUtc || seconds > lastTime) {
    throw new RangeError(`a certificate time is whole seconds from 1950 to 9999, not ${seconds}`);
  }
}

/** Writes the element at `at` and returns the offset behind it. Throws RangeError for a time no certificate can hold. */
export function writeTime(out: Uint8Array, at: number, seconds: number): number {
  checkRange(seconds);
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

/** GeneralizedTime whatever the year, as OCSP has it. Throws RangeError as `writeTime` does. */
export function generalizedTime(seconds: number): Der {
  checkRange(seconds);
  const digits = new Date(seconds * 1000).toISOString().slice(0, 19).replace(/[-T:]/g, '');
  return text(tag.generalizedTime, `${digits}Z`);
}

/** A number of two decimal digits, or NaN. */
function twoDigitsAt(bytes: Uint8Array, at: number): number {
  const tens = (bytes[at] ?? 0) - 0x30;
  const ones = (bytes[at + 1] ?? 0) - 0x30;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function daysIn(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 && leap ? 29 : (monthDays[month - 1] ?? 0);
}

/**
 * Reads the next element, a Time, as seconds since the epoch. Throws DerError for any other form, a date that does
 * not exist, or GeneralizedTime for a year before 2050.
 */
export function readTime(reader: DerReader): number {
  return reader.next === tag.generalizedTime
    ? readDigits(reader, tag.generalizedTime, 2050)
    : readDigits(reader, tag.utcTime, 1950);
}

/** The same where GeneralizedTime stands whatever the year, as in OCSP (RFC 6960 §4.2.2.1). */
export function readGeneralizedTime(reader: DerReader): number {
  return readDigits(reader, tag.generalizedTime, 1950);
}

function readDigits(reader: DerReader, identifier: number, firstYear: number): number {
  const position = reader.position;
  const generalized = identifier === tag.generalizedTime;
  const bytes = reader.content(identifier);
  const at = generalized ? 2 : 0;
  if (bytes.length !== at + 13 || bytes[at + 12] !== 0x5a)
    reader.fail('a time not of the form [YY]YYMMDDHHMMSSZ', position);
  const yy = twoDigitsAt(bytes, at);
  const year = generalized ? twoDigitsAt(bytes, 0) * 100 + yy : yy + (yy < 50 ? 2000 : 1900);
  const month = twoDigitsAt(bytes, at + 2);
  const day = twoDigitsAt(bytes, at + 4);
  const hour = twoDigitsAt(bytes, at + 6);
  const minute = twoDigitsAt(bytes, at + 8);
  const second = twoDigitsAt(bytes, at + 10);
  // Written so that NaN, which digits that are none become, fails.
  const exists = year >= 0 && day >= 1 && day <= daysIn(year, month) && hour <= 23 && minute <= 59 && second <= 59;
  if (!exists) reader.fail('a time that does not exist', position);
  if (year < firstYear) reader.fail(`a GeneralizedTime before ${firstYear}`, position);
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
}
