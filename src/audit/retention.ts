import { decodeEntry, type Entry } from './entry.ts';
import type { EventType } from './event.ts';

/**
 * Records of what others asked of us: the great mass, with the names in it. All else is the CA's own life, its keys, rules,
 * revocations and this log itself, and stays for as long as the log does.
 */
const mayGo: ReadonlySet<EventType> = new Set([
  'certificate.intended',
  'certificate.issued',
  'certificate.denied',
  'certificate.failed',
  'request.approved',
] as const);

/** What retention makes of a bundle. */
export interface BundleTerm {
  /** Indexes whose bodies stay in any case. */
  readonly kept: readonly number[];
  /** Since when nothing in the rest is of use, ms since the epoch: its newest record, or the end of its last certificate. */
  readonly over: number;
}

export function bundleTerm(bundle: readonly Uint8Array[]): BundleTerm {
  const kept: number[] = [];
  let over = 0;
  for (const entry of bundle.map(decodeEntry)) {
    if (mayGo.has(entry.type)) over = Math.max(over, Date.parse(entry.time), endOf(entry));
    else kept.push(entry.seq);
  }
  return { kept, over };
}

/** When its certificate ends; of what cannot be read, never. */
function endOf({ certificate }: Entry): number {
  if (typeof certificate !== 'object' || !('notAfter' in certificate)) return 0;
  const end = typeof certificate.notAfter === 'string' ? Date.parse(certificate.notAfter) : Number.NaN;
  return Number.isNaN(end) ? Number.POSITIVE_INFINITY : end;
}
