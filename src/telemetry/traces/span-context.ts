import { type Context, type HrTime, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { parseTraceparent } from './traceparent.ts';

/** The trace of whoever asked, where they sent one; else one that begins here. */
export function parentOf({ traceparent }: { readonly traceparent?: string }): Context {
  const parent = parseTraceparent(traceparent);
  return parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, { ...parent, isRemote: true });
}

/** ms since the epoch as seconds and nanoseconds: a bare number before the process began would be read as an offset. */
export function hrTime(ms: number): HrTime {
  const nanoseconds = Math.round(ms * 1000) * 1000;
  const seconds = Math.floor(nanoseconds / 1e9);
  return [seconds, Math.round(nanoseconds - seconds * 1e9)];
}
