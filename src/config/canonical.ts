import type { Json } from '#audit/event.ts';

/**
 * A configuration as the record has it: keys as written, numbers that are no integers as text (the log's encoding
 * has none), and of URLs neither query nor fragment, where people have been known to put keys.
 */
export function canonicalConfig(value: unknown): Json {
  switch (typeof value) {
    case 'string':
      return /^https?:\/\//.test(value) ? value.replace(/[?#].*$/s, '?[masked]') : value;
    case 'boolean':
      return value;
    case 'number':
      return Number.isSafeInteger(value) ? value : String(value);
    case 'object':
      if (Array.isArray(value)) return value.map(canonicalConfig);
      if (value !== null)
        return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, canonicalConfig(item)]));
  }
  throw new TypeError(`a configuration holds no ${value === null ? 'null' : typeof value}`);
}
