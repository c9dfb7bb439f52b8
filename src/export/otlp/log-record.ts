import type { Json } from '#audit/event.ts';
import { copied, type Field, made } from '../field.ts';
import type { Exported } from '../format.ts';
import { type Severity, severityNames, severityOf } from '../kinds.ts';
import { memberAt } from '../member.ts';
import { milliseconds } from '../times.ts';
import { flagsOf, spanOf, traceOf } from '../trace.ts';

/** A value of OTLP, as far as records have them. */
export type Value = string | number | boolean | readonly string[];
export type Attributes = readonly (readonly [name: string, value: Value])[];

/** A log record of OTLP 1.x. */
export interface LogRecord {
  readonly timeUnixNano: bigint;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly eventName: string;
  /** The record itself in canonical form: behind a zero octet it hashes to its leaf. */
  readonly body: string;
  readonly attributes: Attributes;
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  readonly flags: number;
}

/** Names are those of the semantic conventions where they have one. */
export const otlpAttributes: readonly Field[] = [
  copied('log.record.uid', 'id'),
  copied('countersign.seq', 'seq'),
  copied('countersign.outcome', 'outcome'),
  copied('error.type', 'reason'),
  copied('countersign.message', 'message'),
  copied('countersign.count', 'count'),
  copied('countersign.door', 'door'),
  copied('countersign.request.id', 'request.id'),
  copied('client.address', 'peer.ip'),
  copied('client.port', 'peer.port'),
  copied('user.name', ['caller.identity', 'caller.user.name', 'actor.user']),
  copied('k8s.cluster.name', 'caller.cluster'),
  copied('k8s.namespace.name', 'caller.namespace'),
  copied('k8s.pod.name', ['onBehalfOf.pod.name', 'caller.pod.name']),
  copied('k8s.pod.uid', ['onBehalfOf.pod.uid', 'caller.pod.uid']),
  copied('k8s.node.name', ['caller.node', 'onBehalfOf.node']),
  copied('countersign.caller.authenticator', 'caller.authenticator'),
  copied('countersign.on_behalf_of', 'onBehalfOf.identity'),
  copied('countersign.policy', 'decision.policy'),
  copied('countersign.policy_set', 'decision.policySetId'),
  copied('countersign.certificate.identity', 'certificate.identity'),
  copied('countersign.certificate.serial', 'certificate.serial'),
  copied('countersign.certificate.sha256', 'certificate.sha256'),
  copied('countersign.certificate.names', 'certificate.sans'),
  copied('countersign.certificate.not_before', 'certificate.notBefore'),
  copied('countersign.certificate.not_after', 'certificate.notAfter'),
  copied('countersign.certificate.issuer', 'certificate.issuer.name'),
  copied('countersign.key.spki_sha256', ['certificate.key.spkiSha256', 'asked.key.spkiSha256', 'key.spkiSha256']),
  copied('countersign.change.before_sha256', 'change.beforeSha256'),
  copied('countersign.change.after_sha256', 'change.afterSha256'),
  made('countersign.log.origin', 'the origin of the log', ({ origin }) => origin),
  made('countersign.log.leaf_hash', 'hash of the leaf, hexadecimal', ({ leafHash }) =>
    Buffer.from(leafHash).toString('hex'),
  ),
  made(
    'countersign.log.checkpoint_size',
    'entries under the checkpoint that covers it',
    ({ checkpointSize }) => checkpointSize,
  ),
];

/** What a record was made by. */
export const otlpResource: readonly Field[] = [
  made('service.name', 'always "countersign"', () => 'countersign'),
  copied('service.version', 'instance.version'),
  copied('service.instance.id', ['instance.pod', 'instance.host']),
];

/** INFO, INFO2, WARN, ERROR, FATAL. */
const severityNumbers: Readonly<Record<Severity, number>> = { 1: 9, 2: 10, 3: 13, 4: 17, 5: 21 };

export function logRecord(record: Exported): LogRecord {
  const { entry, octets } = record;
  const severity = severityOf(entry);
  const traceparent = memberAt(entry, ['request', 'traceparent']) ?? '';
  return {
    timeUnixNano: BigInt(milliseconds(entry.time) ?? 0) * 1_000_000n,
    severityNumber: severityNumbers[severity],
    severityText: severityNames[severity],
    eventName: entry.type,
    body: Buffer.from(octets).toString(),
    attributes: attributesOf(otlpAttributes, record),
    traceId: traceOf(traceparent),
    spanId: spanOf(traceparent),
    flags: flagsOf(traceparent),
  };
}

export function attributesOf(fields: readonly Field[], record: Exported): Attributes {
  return fields.flatMap(({ to, of }) => {
    const value = attributeOf(of(record));
    return value === undefined ? [] : [[to, value] as const];
  });
}

/** A list has texts alone; anything deeper is in the body. */
function attributeOf(value: Json | undefined): Value | undefined {
  if (typeof value !== 'object') return value;
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : undefined;
}
