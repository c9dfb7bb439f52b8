import { isIP } from 'node:net';
import type { Entry } from '#audit/entry.ts';
import type { Json } from '#audit/event.ts';
import { copied, type Field, fixed, made, mapping } from '../field.ts';
import { rowFormat } from '../format.ts';
import { messageOf, severityOf } from '../kinds.ts';
import { memberAt, textsOf } from '../member.ts';
import { spanOf, traceOf } from '../trace.ts';
import { categories } from './categories.ts';

/** ECS writes hexadecimal in capitals where it speaks of serials. */
const capitals = (value: Json): Json => String(value).toUpperCase();
/** An object whose members are anybody's: as text, so that an index does not grow by each of them. */
const asText = (value: Json): Json => (typeof value === 'string' ? value : JSON.stringify(value));

const hashPaths = [
  'certificate.sha256',
  'certificate.key.spkiSha256',
  'asked.key.spkiSha256',
  'request.sha256',
  'key.spkiSha256',
];
const userPaths = ['caller.identity', 'caller.user.name', 'onBehalfOf.identity', 'actor.user'];

/** Every text at these paths, each once. */
function all(entry: Entry, paths: readonly string[]): Json | undefined {
  const found = new Set(paths.flatMap((path) => textsOf(memberAt(entry, path.split('.')))));
  return found.size === 0 ? undefined : [...found];
}

const inWords = (paths: readonly string[]) => paths.map((path) => `\`${path}\``).join(', ');

const x509 = (to: string) => `countersign.certificate.x509.${to}`;

export const ecsFields: readonly Field[] = [
  copied('@timestamp', 'time'),
  fixed('ecs.version', '8.17.0'),
  made('message', '`message`, else a title by type', ({ entry }) => messageOf(entry)),
  made('event.kind', '`alert` of `detection.alert`, else `event`', ({ entry }) =>
    entry.type === 'detection.alert' ? 'alert' : 'event',
  ),
  made('event.category', 'by type', ({ entry }) => [categories[entry.type].category]),
  made('event.type', 'by type; of what was denied also `denied`', ({ entry }) => typesOf(entry)),
  copied('event.action', 'type'),
  copied('event.outcome', 'outcome', (outcome) => (outcome === 'success' ? 'success' : 'failure')),
  copied('event.reason', 'reason'),
  copied('event.id', 'id'),
  copied('event.sequence', 'seq'),
  made('event.severity', 'by type, `outcome` and `reason`: 1 (informational) to 5 (critical)', ({ entry }) =>
    severityOf(entry),
  ),
  fixed('event.module', 'countersign'),
  fixed('event.dataset', 'countersign.audit'),
  fixed('service.name', 'countersign'),
  copied('service.version', 'instance.version'),
  copied('service.node.name', ['instance.pod', 'instance.host']),
  copied('user.name', ['caller.identity', 'caller.user.name', 'actor.user']),
  copied('user.id', ['caller.user.uid', 'caller.serviceAccountUid']),
  copied('user.target.name', 'onBehalfOf.identity'),
  copied('source.ip', 'peer.ip', (ip) => (isAddress(ip) ? ip : undefined)),
  copied('source.address', 'peer.ip'),
  copied('source.port', 'peer.port'),
  copied('tls.version', 'peer.tls.version'),
  copied('tls.cipher', 'peer.tls.cipher'),
  copied('tls.client.server_name', 'peer.tls.sni'),
  copied('tls.client.hash.sha256', 'peer.tls.clientCertSha256', capitals),
  copied('orchestrator.cluster.name', 'caller.cluster'),
  copied('orchestrator.namespace', 'caller.namespace'),
  copied('orchestrator.resource.name', ['onBehalfOf.pod.name', 'caller.pod.name']),
  copied('orchestrator.resource.id', ['onBehalfOf.pod.uid', 'caller.pod.uid']),
  copied('host.name', ['caller.node', 'onBehalfOf.node']),
  copied('rule.name', ['decision.policy', 'detection.rule']),
  copied('rule.ruleset', 'decision.policySetId'),
  copied('rule.id', ['decision.rule', 'detection.ruleSha256']),
  copied('trace.id', 'request.traceparent', traceOf),
  copied('span.id', 'request.traceparent', spanOf),
  made('related.hash', inWords(hashPaths), ({ entry }) => all(entry, hashPaths)),
  made('related.user', inWords(userPaths), ({ entry }) => all(entry, userPaths)),
  copied('related.ip', 'peer.ip', (ip) => (isAddress(ip) ? [ip] : undefined)),
  copied('countersign.door', 'door'),
  copied('countersign.count', 'count'),
  copied('countersign.request.id', 'request.id'),
  copied('countersign.request.bytes', 'request.bytes'),
  copied('countersign.caller.authenticator', 'caller.authenticator'),
  copied('countersign.caller.service_account', 'caller.serviceAccount'),
  copied('countersign.caller.credential.issuer', 'caller.credential.issuer'),
  copied('countersign.caller.credential.jti', ['caller.credential.jti', 'caller.credential.jtiSha256']),
  copied('countersign.caller.credential.kid', 'caller.credential.kid'),
  copied('countersign.asked.names', 'asked.sans'),
  copied('countersign.asked.ttl', 'asked.ttl'),
  copied('countersign.decision.level', 'decision.level', asText),
  copied('countersign.certificate.identity', 'certificate.identity'),
  copied('countersign.certificate.hash.sha256', 'certificate.sha256'),
  copied('countersign.certificate.issuer.key_id', 'certificate.issuer.keyId'),
  copied('countersign.certificate.key.spki_sha256', 'certificate.key.spkiSha256'),
  copied('countersign.certificate.profile', 'certificate.profile', asText),
  copied(x509('serial_number'), 'certificate.serial', capitals),
  copied(x509('subject.distinguished_name'), 'certificate.subject'),
  copied(x509('issuer.distinguished_name'), ['certificate.issuer.subject', 'certificate.issuer.name']),
  copied(x509('alternative_names'), 'certificate.sans'),
  copied(x509('not_before'), 'certificate.notBefore'),
  copied(x509('not_after'), 'certificate.notAfter'),
  copied(x509('signature_algorithm'), 'certificate.signatureAlgorithm'),
  copied(x509('public_key_algorithm'), ['certificate.key.type', 'certificate.key.kind']),
  copied(x509('public_key_size'), 'certificate.key.size'),
  copied(x509('public_key_curve'), 'certificate.key.curve'),
  copied('countersign.revocation.reason', 'revocation.reason'),
  copied('countersign.revocation.effective', 'revocation.effective'),
  copied('countersign.revocation.requested_by', 'revocation.requestedBy'),
  copied('countersign.revocation.crl_number', 'revocation.crlNumber'),
  copied('countersign.key.label', 'key.label'),
  copied('countersign.key.id', 'key.keyId'),
  copied('countersign.key.algorithm', 'key.algorithm'),
  copied('countersign.key.token.label', 'key.token.label'),
  copied('countersign.key.token.serial', 'key.token.serial'),
  copied('countersign.actor.method', 'actor.method'),
  copied('countersign.actor.approvers', 'actor.approvers'),
  copied('countersign.change.kind', 'change.kind'),
  copied('countersign.change.name', 'change.name'),
  copied('countersign.change.before_sha256', 'change.beforeSha256'),
  copied('countersign.change.after_sha256', 'change.afterSha256'),
  copied('countersign.change.ticket', 'change.ticket'),
  copied('countersign.change.diff', 'change.diff', asText),
  copied('countersign.clock', 'clock', asText),
  copied('countersign.export', 'export', asText),
  copied('event.start', 'detection.since'),
  copied('event.end', 'detection.until'),
  copied('countersign.detection.severity', 'detection.severity'),
  copied('countersign.detection.by', 'detection.by', asText),
  copied('countersign.detection.count', 'detection.count'),
  copied('countersign.detection.overflow', 'detection.overflow'),
  copied('countersign.detection.sequences', 'detection.seqs'),
  copied('countersign.detection.values', 'detection.values'),
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

function typesOf({ type, outcome }: Entry): Json {
  const own = categories[type].type;
  if (outcome === 'denied') return ['denied', ...(own === 'admin' ? ['admin'] : [])];
  return outcome === 'success' ? [own] : [own, 'error'];
}

/** A field of type `ip` refuses the whole document for anything else. */
const isAddress = (value: Json) => typeof value === 'string' && isIP(value) !== 0;

const document = mapping(ecsFields);

/**
 * Two lines a record, as Elasticsearch's bulk API takes them: what is to be done, and the document. `_id` is the record's
 * id, so that one that is sent twice is there once.
 */
export const ecs = rowFormat({
  about: 'documents of the Elastic Common Schema, as the bulk API takes them',
  mapping: 1,
  holdsEntries: false,
  row: (record) =>
    Buffer.from(`{"create":{"_id":${JSON.stringify(record.entry.id)}}}\n${JSON.stringify(document(record))}\n`),
});
