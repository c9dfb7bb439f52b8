import Type from 'typebox';
import { parseGoDuration } from '#document/go-duration.ts';

const shortest = '5m';
const longest = '87600h';
/** What Go reads and prints of such lengths; the digits are bounded, so that no text of this form is too large for Go. */
const form = '^([0-9]{1,5}(\\.[0-9]{1,9})?h|[0-9]{1,7}(\\.[0-9]{1,9})?m|[0-9]{1,9}(\\.[0-9]{1,9})?s){1,4}$';
const shortestSeconds = 5 * 60;
const longestSeconds = 87_600 * 3600;

const complaint = (field: string) =>
  `${field} must be a length of time from ${shortest} to ${longest} in h, m and s, such as 2160h, 90m or 1h30m`;

/** In CEL, whether the text may be given to `duration()`. */
export const isDuration = (text: string) => `${text}.matches(r'${form}')`;

/** A lifetime of certificates as a field of a custom resource. */
export const lifetime = (field: string, description: string, options: { readonly default?: string } = {}) =>
  Type.String({
    description,
    maxLength: 80,
    ...options,
    'x-kubernetes-validations': [
      {
        rule: `${isDuration('self')} && duration(self) >= duration('${shortest}') && duration(self) <= duration('${longest}')`,
        message: complaint(field),
      },
    ],
  });

/** Whole seconds. Throws Error for what the rule of the field refuses. */
export function lifetimeSeconds(field: string, text: string): number {
  const seconds = new RegExp(form).test(text) ? parseGoDuration(text) : undefined;
  if (seconds === undefined || seconds < shortestSeconds || seconds > longestSeconds)
    throw new Error(`spec.${complaint(field)}`);
  return Math.round(seconds);
}
