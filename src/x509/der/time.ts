import type { DerReader } from './reader.ts';
import { tag } from './tags.ts';

/**
 * Seconds since the epoch from a Time of RFC 5280 §4.1.2.5: UTCTime `YYMMDDHHMMSSZ` through 2049, GeneralizedTime
 * `YYYYMMDDHHMMSSZ` from 2050. Throws DerError for any other form, a date that does not exist, or the wrong one of
 * the two.
 */
export function readTime(reader: DerReader): number {
  const at = reader.position;
  const utc = reader.next === tag.utcTime;
  const content = reader.content(utc ? tag.utcTime : tag.generalizedTime);
  const text = Buffer.from(content.buffer, content.byteOffset, content.length).toString('latin1');
  if (!(utc ? /^\d{12}Z$/ : /^\d{14}Z$/).test(text)) reader.fail('a time not of the form [YY]YYMMDDHHMMSSZ', at);

  const year = utc ? centuryOf(Number(text.slice(0, 2))) : Number(text.slice(0, 4));
  const [month = 0, day = 0, hour = 0, minute = 0, second = 0] = pairs(text.slice(utc ? 2 : 4, -1));
  const ms = Date.UTC(year, month - 1, day, hour, minute, second);
  const date = new Date(ms);
  const exists =
    date.getUTCFullYear() === year &&
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    hour < 24 &&
    minute < 60 &&
    second < 60;
  if (!exists) reader.fail('a date that does not exist', at);
  if (!utc && year < 2050) reader.fail('a GeneralizedTime before 2050', at);
  return ms / 1000;
}

/** RFC 5280 §4.1.2.5.1: 50 and above is the 20th century. */
const centuryOf = (yy: number) => (yy >= 50 ? 1900 + yy : 2000 + yy);

const pairs = (digits: string) => (digits.match(/../g) ?? []).map(Number);
