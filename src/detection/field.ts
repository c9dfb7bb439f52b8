import { hash } from 'node:crypto';
import type { Entry } from '#audit/entry.ts';
import type { Json } from '#audit/event.ts';
import { memberOf, textOf } from '#audit/json-object.ts';

/** One fact of a record, by which rules tell records apart. */
interface Field {
  readonly help: string;
  /** Where it stands, from the first of these on; a case beside a rule writes it to the first. */
  readonly paths: readonly string[];
  /** What is made of the text there; undefined for nothing. */
  readonly as?: (text: string) => string | undefined;
  /** Where `*` in a pattern stops; absent: nowhere. */
  readonly wall?: '/' | '.';
  /** Where it mostly stands, for systems that read one place alone; the first of `paths` unless told. */
  readonly mostly?: string;
  /** Its name in documents of the Elastic Common Schema, where it has one. */
  readonly ecs?: string;
}

const form = /^spiffe:\/\/([^/]+)(?:\/ns\/([^/]+)\/sa\/([^/]+)$)?/;
const partOf = (part: 1 | 2 | 3) => (text: string) => (text.startsWith('spiffe://') ? form.exec(text)?.[part] : text);

/** Facts by name, which is part of rule documents: add, never rename. Those of `audit ask` mean here what they mean there. */
export const fields = {
  type: { help: 'type of the record', paths: ['type'], ecs: 'event.action' },
  outcome: { help: 'success, denied or failed', paths: ['outcome'] },
  reason: { help: 'code of a refusal', paths: ['reason'], ecs: 'event.reason' },
  door: { help: 'the way it was asked for', paths: ['door'], ecs: 'countersign.door' },
  identity: {
    help: 'SPIFFE ID of the certificate, else of the caller',
    paths: ['certificate.identity', 'caller.identity'],
    wall: '/',
    ecs: 'countersign.certificate.identity',
  },
  trustDomain: {
    help: 'trust domain of that identity',
    paths: ['certificate.identity', 'caller.identity'],
    as: partOf(1),
    wall: '.',
  },
  namespace: {
    help: 'namespace of the workload',
    paths: ['onBehalfOf.identity', 'certificate.identity', 'caller.namespace', 'caller.identity'],
    as: partOf(2),
  },
  serviceAccount: {
    help: 'service account of the workload, without its namespace',
    paths: ['onBehalfOf.identity', 'certificate.identity', 'caller.serviceAccount', 'caller.identity'],
    as: partOf(3),
  },
  caller: {
    help: 'who asked: a SPIFFE ID, a user of Kubernetes, a person at the admin API',
    paths: ['caller.identity', 'caller.user.name', 'actor.user'],
    wall: '/',
    ecs: 'user.name',
  },
  onBehalfOf: {
    help: 'for whom a node agent asked',
    paths: ['onBehalfOf.identity'],
    wall: '/',
    ecs: 'user.target.name',
  },
  wanted: { help: 'whose identity was asked for by another', paths: ['asked.impersonate'], wall: '/' },
  authenticator: {
    help: 'how the caller proved itself',
    paths: ['caller.authenticator'],
    ecs: 'countersign.caller.authenticator',
  },
  cluster: { help: 'cluster that the caller is of', paths: ['caller.cluster'], ecs: 'orchestrator.cluster.name' },
  node: { help: 'node that it came from', paths: ['caller.node', 'onBehalfOf.node'], ecs: 'host.name' },
  pod: {
    help: 'name of the pod',
    paths: ['onBehalfOf.pod.name', 'caller.pod.name'],
    mostly: 'caller.pod.name',
    ecs: 'orchestrator.resource.name',
  },
  podUid: {
    help: 'UID of the pod, which no other pod ever has',
    paths: ['onBehalfOf.pod.uid', 'caller.pod.uid'],
    mostly: 'caller.pod.uid',
    ecs: 'orchestrator.resource.id',
  },
  address: { help: 'IP address of whoever asked', paths: ['peer.ip'], ecs: 'source.address' },
  token: {
    help: 'jti of the token',
    paths: ['caller.credential.jti', 'caller.credential.jtiSha256'],
    ecs: 'countersign.caller.credential.jti',
  },
  key: {
    help: 'SHA-256 of the certified key, hexadecimal',
    paths: ['certificate.key.spkiSha256', 'asked.key.spkiSha256'],
    ecs: 'countersign.certificate.key.spki_sha256',
  },
  keyKind: { help: 'kind of that key, such as rsa:2048', paths: ['certificate.key.kind', 'asked.key.kind'] },
  issuer: { help: 'name of the issuer', paths: ['certificate.issuer.name'] },
  policy: { help: 'policy that decided', paths: ['decision.policy'], ecs: 'rule.name' },
  actor: { help: 'who acted on the server', paths: ['actor.user'] },
  change: {
    help: 'SHA-256 of what is in force after a change',
    paths: ['change.afterSha256'],
    ecs: 'countersign.change.after_sha256',
  },
  before: { help: 'SHA-256 of what was in force before it', paths: ['change.beforeSha256'] },
} as const satisfies Record<string, Field>;

export type FieldName = keyof typeof fields;
/** The table's own keys. */
export const fieldNames = Object.keys(fields) as readonly FieldName[];
export const fieldOf = (name: FieldName): Field => fields[name];

/** Reads a field of an entry. A value that is kept beside the log, or is erased, is not there. */
export function reader(name: FieldName): (entry: Entry) => string | undefined {
  const { paths, as = (text: string) => text } = fieldOf(name);
  const ways = paths.map((path) => path.split('.'));
  return (entry) => {
    for (const way of ways) {
      const found = textAt(entry, way);
      const text = found === undefined ? undefined : as(found);
      if (text !== undefined) return text;
    }
    return undefined;
  };
}

function textAt(entry: Entry, way: readonly string[]): string | undefined {
  let found: Json | undefined = entry;
  for (const name of way) found = memberOf(found, name);
  return textOf(found);
}

const longest = 256;

/** A value as it is remembered and told: one that is very long by its beginning and a digest. */
export function told(value: string): string {
  if (value.length <= longest) return value;
  return `${value.slice(0, longest - 20).toWellFormed()}…${hash('sha256', value, 'hex').slice(0, 16)}`;
}
