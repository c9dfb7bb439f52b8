import { STATUS_CODES } from 'node:http';
import Type, { type Static } from 'typebox';
import type { Refusal, RefusalCode, Remedy } from '#refusal/refusal.ts';

/** RFC 9457, with our own code beside its members. */
export const Problem = Type.Object(
  {
    type: Type.String({ description: 'urn:countersign:refusal: and the code' }),
    title: Type.String(),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    detail: Type.Optional(Type.String({ description: 'what would be right' })),
    instance: Type.String({ description: 'the id of the request, by which the log has it' }),
    code: Type.String(),
  },
  { additionalProperties: false },
);

/** Where the remedy alone would say the wrong thing. */
const statuses: Partial<Record<RefusalCode, number>> = {
  'authn.failed': 401,
  'authz.role': 403,
  'request.unknown': 404,
  'request.method': 405,
  'request.too-large': 413,
  'request.encoding': 415,
  'rate.exceeded': 429,
};

const byRemedy: Readonly<Record<Remedy, number>> = { 'fix-request': 400, 'retry-later': 503, 'call-operator': 500 };

/** The one table from refusals to HTTP. */
export const statusOf = ({ code, remedy }: Refusal): number => statuses[code] ?? byRemedy[remedy];

/** Seconds after which it is worth trying again; undefined where trying again mends nothing. */
export function retryAfter(refusal: Refusal): number | undefined {
  const { afterSeconds } = refusal.detail;
  if (typeof afterSeconds === 'number') return afterSeconds;
  return refusal.remedy === 'retry-later' ? 1 : undefined;
}

export function problemOf(refusal: Refusal, id: string): Static<typeof Problem> {
  const status = statusOf(refusal);
  return {
    type: `urn:countersign:refusal:${refusal.code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    // who is not proven learns nothing of why
    ...(refusal.code !== 'authn.failed' && { detail: refusal.message }),
    instance: `urn:uuid:${id}`,
    code: refusal.code,
  };
}
