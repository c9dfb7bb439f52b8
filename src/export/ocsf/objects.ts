import type { Entry } from '#audit/entry.ts';
import type { Json } from '#audit/event.ts';
import { objectOf } from '#audit/json-object.ts';
import { type JsonObject, memberAt, textOf, textsOf } from '../member.ts';
import { milliseconds } from '../times.ts';

/** Who is behind a record: the caller it proves, else who acted on the server, else the server. */
export function actorOf(entry: Entry): Json {
  const user = userOf(entry);
  const session = sessionOf(memberAt(entry, ['caller', 'credential']));
  const policy = textOf(memberAt(entry, ['decision', 'policy']));
  return {
    ...(user === undefined ? { app_name: 'countersign' } : { user }),
    ...(session && { session }),
    ...(policy !== undefined && {
      authorizations: [
        {
          decision: entry.outcome,
          policy: given({ name: policy, uid: textOf(memberAt(entry, ['decision', 'policySetId'])) }),
        },
      ],
    }),
  };
}

export function userOf(entry: Entry): Json | undefined {
  const at = (...path: readonly string[]) => textOf(memberAt(entry, path));
  const name = at('caller', 'identity') ?? at('caller', 'user', 'name') ?? at('actor', 'user');
  if (name === undefined) return undefined;
  const groups = textsOf(memberAt(entry, ['caller', 'user', 'groups'])).map((group) => ({ name: group }));
  return given({
    name,
    uid: at('caller', 'user', 'uid') ?? at('caller', 'serviceAccountUid'),
    groups: groups.length > 0 ? groups : undefined,
    credential_uid: at('caller', 'credential', 'kid'),
  });
}

function sessionOf(credential: Json | undefined): Json | undefined {
  const expires = memberAt(credential, ['expires']);
  const session = given({
    issuer: textOf(memberAt(credential, ['issuer'])),
    credential_uid: textOf(memberAt(credential, ['jti'])) ?? textOf(memberAt(credential, ['jtiSha256'])),
    expiration_time: typeof expires === 'number' ? expires * 1_000 : undefined,
  });
  return Object.keys(session).length > 0 ? session : undefined;
}

/** Where it came from: the peer, else the replica itself. */
export function sourceOf(entry: Entry): Json {
  const port = memberAt(entry, ['peer', 'port']);
  const ip = textOf(memberAt(entry, ['peer', 'ip']));
  const pod = textOf(memberAt(entry, ['caller', 'pod', 'name']));
  const here =
    textOf(memberAt(entry, ['instance', 'pod'])) ?? textOf(memberAt(entry, ['instance', 'host'])) ?? 'countersign';
  return given({
    ip,
    port: typeof port === 'number' ? port : undefined,
    name: pod ?? (ip === undefined ? here : undefined),
    uid: textOf(memberAt(entry, ['caller', 'pod', 'uid'])),
  });
}

/** What was made, asked for or taken away: the certificate, or the key. */
export function resourcesOf(entry: Entry): Json | undefined {
  const certificate = entry.certificate;
  if (certificate !== undefined) {
    const serial = textOf(memberAt(certificate, ['serial']));
    const name = textOf(memberAt(certificate, ['identity'])) ?? textOf(memberAt(certificate, ['subject'])) ?? serial;
    if (name !== undefined)
      return [
        given({ name, uid: serial, type: 'X.509 certificate', data: { certificate: certificateOf(certificate) } }),
      ];
  }
  const key = entry.key;
  const label = textOf(memberAt(key, ['label'])) ?? textOf(memberAt(key, ['keyId']));
  return label === undefined
    ? undefined
    : [given({ name: label, uid: textOf(memberAt(key, ['keyId'])), type: 'key', data: { key } })];
}

/** OCSF's own object where the record has what that demands; else the members as they are. */
function certificateOf(certificate: Json): Json {
  const issuer =
    textOf(memberAt(certificate, ['issuer', 'subject'])) ?? textOf(memberAt(certificate, ['issuer', 'name']));
  const serial = textOf(memberAt(certificate, ['serial']));
  if (issuer === undefined || serial === undefined) return certificate;
  const sha256 = textOf(memberAt(certificate, ['sha256']));
  const sans = textsOf(memberAt(certificate, ['sans'])).map(sanOf);
  return given({
    issuer,
    serial_number: serial,
    subject: textOf(memberAt(certificate, ['subject'])),
    created_time: milliseconds(memberAt(certificate, ['notBefore']) ?? ''),
    expiration_time: milliseconds(memberAt(certificate, ['notAfter']) ?? ''),
    fingerprints: sha256 === undefined ? undefined : [{ algorithm: 'SHA-256', algorithm_id: 3, value: sha256 }],
    sans: sans.length > 0 ? sans : undefined,
  });
}

/** Records write `dns:web.example`; a SPIFFE ID stands alone. */
function sanOf(text: string): Json {
  const [, type, name] = /^(dns|ip|email|uri|[a-z-]+):(?!\/\/)(.+)$/s.exec(text) ?? [];
  return type === undefined || name === undefined ? { type: 'uri', name: text } : { type, name };
}

/** What was changed: policies, configuration, a key, an issuer, a cluster. */
export function entityOf(entry: Entry): Json {
  const at = (...path: readonly string[]) => textOf(memberAt(entry, path));
  const [room = ''] = entry.type.split('.');
  return given({
    name: at('change', 'name') ?? at('key', 'label') ?? at('certificate', 'issuer', 'name') ?? room,
    uid: at('change', 'afterSha256') ?? at('key', 'keyId') ?? at('certificate', 'serial'),
    type: at('change', 'kind') ?? room,
    type_id: room === 'policy' ? 5 : 99,
    version: at('change', 'sourceSha256'),
  });
}

/** What made a rule tell: values of its fields, and the records by their indexes. */
export function evidencesOf(entry: Entry): Json | undefined {
  const found = objectOf(entry.detection);
  const data = given({ by: found.by, values: found.values, sequences: found.seqs });
  return Object.keys(data).length > 0 ? [{ data }] : undefined;
}

/** Without what has no value. */
function given(members: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
