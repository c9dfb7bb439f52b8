import type { Json } from '#audit/event.ts';
import { copied, type Field, made } from '../field.ts';
import type { Exported } from '../format.ts';
import { severityOf } from '../kinds.ts';
import { milliseconds } from '../times.ts';

type Type = 'STRING' | 'INT64' | 'TIMESTAMP' | 'BOOLEAN' | 'STRINGS';

/** A column: a field and the type of its values. A record without a value has null there. */
export interface Column extends Field {
  readonly type: Type;
}

const typed = (type: Type, field: Field): Column => ({ ...field, type });
const text = (to: string, paths: string | readonly string[], as?: (value: Json) => Json) =>
  typed('STRING', copied(to, paths, as));
const integer = (to: string, path: string) => typed('INT64', copied(to, path));
const moment = (to: string, path: string) => typed('TIMESTAMP', copied(to, path, milliseconds));
const asText = (value: Json): Json => (typeof value === 'string' ? value : JSON.stringify(value));

export const parquetColumns: readonly Column[] = [
  integer('seq', 'seq'),
  moment('time', 'time'),
  text('type', 'type'),
  text('id', 'id'),
  text('outcome', 'outcome'),
  text('reason', 'reason'),
  text('message', 'message'),
  typed(
    'INT64',
    made('severity', 'by type, `outcome` and `reason`: 1 (informational) to 5 (critical)', ({ entry }) =>
      severityOf(entry),
    ),
  ),
  integer('count', 'count'),
  text('door', 'door'),
  text('request_id', 'request.id'),
  text('peer_ip', 'peer.ip'),
  integer('peer_port', 'peer.port'),
  text('caller', ['caller.identity', 'caller.user.name']),
  text('authenticator', 'caller.authenticator'),
  text('cluster', 'caller.cluster'),
  text('namespace', 'caller.namespace'),
  text('service_account', 'caller.serviceAccount'),
  text('pod', ['onBehalfOf.pod.name', 'caller.pod.name']),
  text('node', ['caller.node', 'onBehalfOf.node']),
  text('token_issuer', 'caller.credential.issuer'),
  text('jti', 'caller.credential.jti'),
  text('kid', 'caller.credential.kid'),
  text('on_behalf_of', 'onBehalfOf.identity'),
  typed('STRINGS', copied('asked_names', 'asked.sans')),
  integer('asked_ttl', 'asked.ttl'),
  text('policy', 'decision.policy'),
  text('policy_set_id', 'decision.policySetId'),
  text('level', 'decision.level', asText),
  text('identity', 'certificate.identity'),
  text('serial', 'certificate.serial'),
  text('certificate_sha256', 'certificate.sha256'),
  typed('STRINGS', copied('names', 'certificate.sans')),
  text('subject', 'certificate.subject'),
  moment('not_before', 'certificate.notBefore'),
  moment('not_after', 'certificate.notAfter'),
  text('issuer', 'certificate.issuer.name'),
  text('issuer_key_id', 'certificate.issuer.keyId'),
  text('key_kind', ['certificate.key.kind', 'asked.key.kind']),
  text('spki_sha256', ['certificate.key.spkiSha256', 'asked.key.spkiSha256', 'key.spkiSha256']),
  text('signature_algorithm', 'certificate.signatureAlgorithm'),
  text('revocation_reason', 'revocation.reason'),
  moment('revoked_at', 'revocation.effective'),
  integer('crl_number', 'revocation.crlNumber'),
  text('key_label', 'key.label'),
  text('actor', 'actor.user'),
  typed('BOOLEAN', copied('actor_mfa', 'actor.mfa')),
  typed('STRINGS', copied('approvers', 'actor.approvers')),
  text('change_kind', 'change.kind'),
  text('change_name', 'change.name'),
  text('change_before', 'change.beforeSha256'),
  text('change_after', 'change.afterSha256'),
  text('ticket', 'change.ticket'),
  text('instance', ['instance.pod', 'instance.host']),
  text('version', 'instance.version'),
  typed(
    'STRING',
    made('origin', 'the origin of the log', ({ origin }) => origin),
  ),
  typed(
    'STRING',
    made('leaf_hash', 'hash of the leaf, hexadecimal', ({ leafHash }) => Buffer.from(leafHash).toString('hex')),
  ),
  typed(
    'INT64',
    made('checkpoint_size', 'entries under the checkpoint that covers it', ({ checkpointSize }) => checkpointSize),
  ),
  typed(
    'STRING',
    made('record', 'the record itself in canonical JSON', ({ octets }) => Buffer.from(octets).toString()),
  ),
];

/** A value as the writer of Parquet wants it; null for one that is none of the column's type. */
export function valueIn({ type, of }: Column, record: Exported): unknown {
  const value = of(record);
  switch (type) {
    case 'STRING':
      return typeof value === 'string' ? value : null;
    case 'INT64':
      return typeof value === 'number' ? BigInt(value) : null;
    case 'TIMESTAMP':
      return typeof value === 'number' ? new Date(value) : null;
    case 'BOOLEAN':
      return typeof value === 'boolean' ? value : null;
    case 'STRINGS':
      return Array.isArray(value) ? value : null;
  }
}
