import { StoreError } from '../store-error.ts';

/** OIDs of the types that the log's tables have (pg_type.dat). */
const boolean = 16;
const bytea = 17;
const int8 = 20;
const int4 = 23;

/** A value as the server writes it in text; what is not of the log's own types stays text. */
export function parseValue(oid: number, text: string): unknown {
  switch (oid) {
    case boolean:
      return text === 't';
    case bytea:
      return Buffer.from(text.slice(2), 'hex');
    case int8:
    case int4:
      return Number(text);
    default:
      return text;
  }
}

export function asInteger(value: unknown, what: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw new StoreError('damaged', `${what} is no integer`);
}

export function asBytes(value: unknown, what: string): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new StoreError('damaged', `${what} is missing`);
}
