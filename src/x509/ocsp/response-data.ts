import type { Der } from '../algorithms.ts';
import type { DerReader } from '../der/reader.ts';
import { contextConstructed, contextPrimitive, tag } from '../der/tags.ts';
import { type RevocationReason, reasonOf } from '../revocation-reason.ts';
import { readGeneralizedTime } from '../validity-time.ts';

/** ResponseData (RFC 6960 §4.2.1) in the one form that we write. */
export interface ResponseData {
  readonly keySha1: Uint8Array;
  /** Seconds since the epoch, as all times here. */
  readonly producedAt: number;
  readonly responses: readonly SingleResponse[];
}

interface SingleResponse {
  /** Whole. */
  readonly certId: Der;
  readonly status: 'good' | 'unknown' | Revoked;
  readonly thisUpdate: number;
  readonly nextUpdate: number;
}

interface Revoked {
  readonly revokedAt: number;
  /** Undefined where none is written. */
  readonly reason: RevocationReason | undefined;
}

/** Version 1, by key, nextUpdate there, no extension. Throws DerError. */
export function readResponseData(reader: DerReader): ResponseData {
  const data = reader.sequence();
  const responder = data.enter(contextConstructed(2));
  const keySha1 = responder.octetString();
  responder.finish();
  const producedAt = readGeneralizedTime(data);
  const list = data.sequence();
  data.finish();
  if (!list.more) list.fail('an empty list');
  const responses: SingleResponse[] = [];
  while (list.more) responses.push(readSingle(list.sequence()));
  return { keySha1, producedAt, responses };
}

function readSingle(fields: DerReader): SingleResponse {
  const certId = fields.element();
  const status = readStatus(fields);
  const thisUpdate = readGeneralizedTime(fields);
  const wrapper = fields.enter(contextConstructed(0));
  const nextUpdate = readGeneralizedTime(wrapper);
  wrapper.finish();
  fields.finish();
  return { certId, status, thisUpdate, nextUpdate };
}

function readStatus(fields: DerReader): SingleResponse['status'] {
  if (fields.next === contextConstructed(1)) return readRevoked(fields.enter(contextConstructed(1)));
  const at = fields.position;
  const isGood = fields.next === contextPrimitive(0);
  if (fields.content(contextPrimitive(isGood ? 0 : 2)).length > 0) fields.fail('NULL with content', at);
  return isGood ? 'good' : 'unknown';
}

function readRevoked(info: DerReader): Revoked {
  const revokedAt = readGeneralizedTime(info);
  if (!info.more) return { revokedAt, reason: undefined };
  const wrapper = info.enter(contextConstructed(0));
  const at = wrapper.position;
  const reason = reasonOf(wrapper.smallInteger(tag.enumerated)) ?? wrapper.fail('a reason without a name', at);
  wrapper.finish();
  info.finish();
  return { revokedAt, reason };
}
