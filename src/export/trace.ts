import type { Json } from '#audit/event.ts';

/** W3C traceparent: version, trace, span, flags. */
const form = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})/;

export const traceOf = (traceparent: Json): string | undefined => form.exec(String(traceparent))?.[1];
export const spanOf = (traceparent: Json): string | undefined => form.exec(String(traceparent))?.[2];
export const flagsOf = (traceparent: Json): number => Number.parseInt(form.exec(String(traceparent))?.[3] ?? '0', 16);
