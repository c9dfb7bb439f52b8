import type { Json } from '#audit/event.ts';

/** ms since the epoch, of RFC 3339; undefined for what is none. */
export function milliseconds(value: Json): number | undefined {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}
