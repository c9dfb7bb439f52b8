import { type Outcome, retry } from '../driver.ts';
import type { Answer } from './answer.ts';

/**
 * What a status says where the receiver did not take the request: the octets are wrong, or it is not in the mood, or not
 * set up for us, which may change. Undefined for 2xx.
 */
export function refusalOf(answer: Answer): Outcome | undefined {
  const { status, retryAfterMs } = answer;
  if (status >= 200 && status < 300) return undefined;
  const reason = answer.words(`HTTP ${status}`);
  const aboutTheOctets = status === 400 || status === 413 || status === 422;
  return aboutTheOctets ? { kind: 'unfit', reason } : retry(reason, retryAfterMs);
}

/** An object of JSON; undefined for anything else. */
export function objectIn(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
