import type { EventType, Json } from '#audit/event.ts';
import { copied, type Field, fixed, made, mapping } from '../field.ts';
import { type Exported, rowFormat } from '../format.ts';
import { messageOf, severityNames, severityOf } from '../kinds.ts';
import { memberAt, textOf } from '../member.ts';
import { milliseconds } from '../times.ts';
import { activityName, type ClassName, classes, places } from './classes.ts';
import { actorOf, entityOf, evidencesOf, resourcesOf, sourceOf, userOf } from './objects.ts';

const isSuccess = ({ entry }: Exported) => entry.outcome === 'success';

/** What OCSF has no place for, by the names that records have. */
const rest = [
  'asked',
  'change',
  'clock',
  'decision',
  'detection',
  'dropped',
  'export',
  'key',
  'onBehalfOf',
  'outside',
  'prev',
  'request',
  'revocation',
] as const;

const everywhere: readonly Field[] = [
  made('activity_id', 'by type', ({ entry }) => places[entry.type].activity),
  made('activity_name', 'by type', ({ entry }) => activityName(places[entry.type], entry.type)),
  made('category_uid', 'by type', ({ entry }) => classes[places[entry.type].name].category),
  made('class_uid', 'by type', ({ entry }) => classes[places[entry.type].name].uid),
  made('class_name', 'by type', ({ entry }) => places[entry.type].name),
  made('type_uid', '`class_uid` × 100 + `activity_id`', ({ entry }) => typeUidOf(entry.type)),
  copied('time', 'time', milliseconds),
  made('severity_id', 'by type, `outcome` and `reason`', ({ entry }) => severityOf(entry)),
  made('severity', 'by type, `outcome` and `reason`', ({ entry }) => severityNames[severityOf(entry)]),
  made('status_id', '`outcome`: 1 success, 2 any other', (record) => (isSuccess(record) ? 1 : 2)),
  made('status', '`outcome`', (record) => (isSuccess(record) ? 'Success' : 'Failure')),
  copied('status_code', 'reason'),
  made('status_detail', '`outcome` that is not success', (record) =>
    isSuccess(record) ? undefined : record.entry.outcome,
  ),
  made('message', '`message`, else a title by type', ({ entry }) => messageOf(entry)),
  copied('count', 'count'),
  fixed('metadata.version', '1.8.0'),
  fixed('metadata.product.name', 'Countersign'),
  fixed('metadata.product.vendor_name', 'Countersign'),
  copied('metadata.product.version', 'instance.version'),
  copied('metadata.uid', 'id'),
  copied('metadata.event_code', 'type'),
  copied('metadata.sequence', 'seq'),
  copied('metadata.correlation_uid', 'request.id'),
  made('metadata.log_name', 'the origin of the log', ({ origin }) => origin),
  copied('metadata.log_version', 'v', String),
  made('unmapped.log.leaf_hash', 'hash of the leaf, hexadecimal', ({ leafHash }) =>
    Buffer.from(leafHash).toString('hex'),
  ),
  made(
    'unmapped.log.checkpoint_size',
    'entries under the checkpoint that covers it',
    ({ checkpointSize }) => checkpointSize,
  ),
  copied('unmapped.instance', 'instance'),
  ...rest.map((member) => copied(`unmapped.${member}`, member)),
];

const actor = made('actor', '`caller`, else `actor`, else the program', ({ entry }) => actorOf(entry));

const own: Readonly<Record<ClassName, readonly Field[]>> = {
  'API Activity': [
    actor,
    copied('api.operation', 'type'),
    copied('api.service.name', 'door'),
    copied('api.request.uid', ['request.id', 'id']),
    copied('api.response.error', 'reason'),
    copied('api.response.error_message', 'message'),
    made('src_endpoint', '`peer`, `caller.pod`; else `instance`', ({ entry }) => sourceOf(entry)),
    made('resources', '`certificate`, else `key`', ({ entry }) => resourcesOf(entry)),
  ],
  'Entity Management': [
    actor,
    made('entity', '`change`, else `key`, else `certificate`', ({ entry }) => entityOf(entry)),
    copied('comment', 'change.ticket'),
  ],
  'Application Lifecycle': [
    fixed('app.name', 'Countersign'),
    fixed('app.vendor_name', 'Countersign'),
    copied('app.version', 'instance.version'),
    copied('app.uid', ['instance.pod', 'instance.host']),
  ],
  Authentication: [
    made('user', '`caller`, else `actor.user`, else `key.token.label`', ({ entry }) => userOf(entry) ?? loginOf(entry)),
    copied('service.name', ['key.token.label', 'door'], String),
    made(
      'service.uid',
      '`key.token.serial`, else the program',
      ({ entry }) => textOf(memberAt(entry, ['key', 'token', 'serial'])) ?? 'countersign',
    ),
    copied('is_mfa', 'actor.mfa'),
  ],
  'Detection Finding': [
    fixed('status_id', 1),
    fixed('status', 'New'),
    copied('finding_info.uid', 'id'),
    copied('finding_info.title', ['detection.rule', 'type']),
    copied('finding_info.desc', 'message'),
    copied('finding_info.created_time', 'time', milliseconds),
    copied('finding_info.first_seen_time', 'detection.since', milliseconds),
    copied('finding_info.last_seen_time', 'detection.until', milliseconds),
    copied('finding_info.analytic.name', ['detection.rule', 'type']),
    copied('finding_info.analytic.uid', ['detection.ruleSha256', 'type']),
    fixed('finding_info.analytic.type_id', 1),
    fixed('finding_info.analytic.type', 'Rule'),
    copied('count', 'detection.count'),
    made('is_alert', 'always true', () => true),
    made('evidences', '`detection.by`, `detection.values`, `detection.seqs`', ({ entry }) => evidencesOf(entry)),
  ],
};

const loginOf = (entry: Exported['entry']): Json => ({
  name: textOf(memberAt(entry, ['key', 'token', 'label'])) ?? 'countersign',
});

export function typeUidOf(type: EventType): number {
  const { name, activity } = places[type];
  return classes[name].uid * 100 + activity;
}

/** The fields of every class, and of each one besides. */
export const ocsfFields = { everywhere, own } as const;

const mappings: Readonly<Record<ClassName, (record: Exported) => Json>> = {
  'API Activity': mapping([...everywhere, ...own['API Activity']]),
  'Entity Management': mapping([...everywhere, ...own['Entity Management']]),
  'Application Lifecycle': mapping([...everywhere, ...own['Application Lifecycle']]),
  Authentication: mapping([...everywhere, ...own.Authentication]),
  'Detection Finding': mapping([...everywhere, ...own['Detection Finding']]),
};

/** A record as an event of OCSF 1.8.0, one JSON object a line. */
export const ocsf = rowFormat({
  about: 'events of OCSF 1.8.0, a JSON object a line',
  mapping: 1,
  holdsEntries: false,
  row: (record) => Buffer.from(`${JSON.stringify(mappings[places[record.entry.type].name](record))}\n`),
});
