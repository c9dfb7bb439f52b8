import type { Entry } from '#audit/entry.ts';
import type { Json } from '#audit/event.ts';
import { copied, type Field, fixed, made } from '../field.ts';
import { type Exported, rowFormat } from '../format.ts';
import { kinds, messageOf, type Severity, severityOf } from '../kinds.ts';
import { memberAt, textOf } from '../member.ts';
import { milliseconds } from '../times.ts';
import { exampleEnterprise, syslogMessage } from './syslog.ts';

/** Fields of the extension. What has no name in CEF's dictionary goes into its numbered ones, each with its label. */
export const cefFields: readonly Field[] = [
  copied('rt', 'time', milliseconds),
  copied('externalId', 'id'),
  copied('act', 'type'),
  copied('outcome', 'outcome'),
  copied('reason', 'reason'),
  made('msg', '`message`, else a title by type', ({ entry }) => messageOf(entry)),
  copied('cnt', 'count'),
  copied('app', 'door'),
  copied('src', 'peer.ip'),
  copied('spt', 'peer.port'),
  copied('suser', ['caller.identity', 'caller.user.name', 'actor.user']),
  copied('suid', ['caller.user.uid', 'caller.serviceAccountUid']),
  copied('duser', ['onBehalfOf.identity', 'certificate.identity']),
  copied('shost', ['caller.node', 'onBehalfOf.node']),
  copied('dvchost', ['instance.pod', 'instance.host']),
  copied('oldFileHash', 'change.beforeSha256'),
  copied('fileHash', ['change.afterSha256', 'certificate.sha256']),
  copied('fname', ['change.name', 'key.label']),
  fixed('cn1Label', 'seq'),
  copied('cn1', 'seq'),
  fixed('cn2Label', 'checkpointSize'),
  made('cn2', 'entries under the checkpoint that covers it', ({ checkpointSize }) => checkpointSize),
  fixed('cs1Label', 'policy'),
  copied('cs1', 'decision.policy'),
  fixed('cs2Label', 'serial'),
  copied('cs2', 'certificate.serial'),
  fixed('cs3Label', 'issuer'),
  copied('cs3', 'certificate.issuer.name'),
  fixed('cs4Label', 'workload'),
  made('cs4', '`caller.cluster`/`caller.namespace`/`caller.serviceAccount`, as far as they are known', ({ entry }) =>
    workloadOf(entry),
  ),
  fixed('cs5Label', 'spkiSha256'),
  copied('cs5', ['certificate.key.spkiSha256', 'asked.key.spkiSha256', 'key.spkiSha256']),
  fixed('cs6Label', 'leafHash'),
  made('cs6', 'hash of the leaf, hexadecimal', ({ leafHash }) => Buffer.from(leafHash).toString('hex')),
  fixed('deviceCustomDate1Label', 'notAfter'),
  copied('deviceCustomDate1', 'certificate.notAfter', milliseconds),
];

function workloadOf(entry: Entry): Json | undefined {
  const found = ['cluster', 'namespace', 'serviceAccount'].map((name) => textOf(memberAt(entry, ['caller', name])));
  return found.every((each) => each === undefined) ? undefined : found.map((each) => each ?? '').join('/');
}

/** CEF counts to ten. */
const severities: Readonly<Record<Severity, number>> = { 1: 2, 2: 4, 3: 6, 4: 8, 5: 10 };

/** Octets of a value; longer ones end in an ellipsis. What CEF itself sets for most of its texts. */
const longestValue = 1_023;
/** What is left of each where a message would otherwise be longer than every receiver has to take. */
const shortestValue = 100;
/** Octets that a receiver of syslog over TLS should take (RFC 5425 §4.3.1). */
const longestMessage = 8_192;

/** A record as CEF in a message of RFC 5424. */
export function cefMessage(record: Exported, enterprise = exampleEnterprise): string {
  const whole = messageWith(record, enterprise, longestValue, false);
  return Buffer.byteLength(whole) <= longestMessage ? whole : messageWith(record, enterprise, shortestValue, true);
}

function messageWith(record: Exported, enterprise: number, longest: number, cut: boolean): string {
  const { entry, origin } = record;
  const version = textOf(memberAt(entry, ['instance', 'version'])) || '-';
  const header = [
    'CEF:0',
    'Countersign',
    'Countersign',
    shortened(version, shortestValue),
    entry.type,
    kinds[entry.type].title,
  ]
    .map(headerText)
    .join('|');
  return syslogMessage({
    enterprise,
    denied: entry.outcome === 'denied',
    time: entry.time,
    host: textOf(memberAt(entry, ['instance', 'host'])),
    type: entry.type,
    data: { seq: String(entry.seq), id: entry.id, origin, ...(cut && { cut: 'true' }) },
    text: `${header}|${severities[severityOf(entry)]}|${extension(record, longest)}`,
  });
}

function extension(record: Exported, longest: number): string {
  const found = new Map(cefFields.map(({ to, of }) => [to, of(record) ?? '']));
  return [...found]
    .filter(([name, value]) => value !== '' && found.get(name.replace(/Label$/, '')) !== '')
    .map(([name, value]) => `${name}=${extensionText(shortened(String(value), longest))}`)
    .join(' ');
}

/** Cut at a character, so that it stays UTF-8. */
function shortened(text: string, longest: number): string {
  const octets = Buffer.from(text);
  if (octets.length <= longest) return text;
  let end = longest - 3;
  while (((octets[end] ?? 0) & 0xc0) === 0x80) end--;
  return `${octets.toString('utf8', 0, end)}…`;
}

/** A header has one line: what ends one is a space there. */
const headerText = (text: string) => text.replace(/[\\|]/g, '\\$&').replace(/[\r\n]+/g, ' ');

const extensionText = (text: string) => text.replace(/[\\=]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\r', '\\r');

/** The same for a receiver that knows the structured data under a number of its owner's. */
export const cefUnder = (enterprise: number) =>
  rowFormat({
    about: 'CEF in messages of syslog (RFC 5424), one a line',
    mapping: 1,
    holdsEntries: false,
    row: (record) => Buffer.from(`${cefMessage(record, enterprise)}\n`),
  });

export const cef = cefUnder(exampleEnterprise);
