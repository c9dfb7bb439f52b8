import type { Entry } from '../entry.ts';
import type { Json } from '../event.ts';

/** What is shown of a record beside its leaf index: a title, and where in the entry it stands. */
export const columns = {
  time: { title: 'TIME', of: (entry) => entry.time },
  type: { title: 'TYPE', of: (entry) => entry.type },
  identity: { title: 'IDENTITY', of: (entry) => at(entry, 'certificate.identity') ?? at(entry, 'caller.identity') },
  caller: { title: 'CALLER', of: (entry) => at(entry, 'caller.identity') ?? at(entry, 'caller.user.name') },
  'on-behalf-of': { title: 'ON BEHALF OF', of: (entry) => at(entry, 'onBehalfOf.identity') },
  asked: { title: 'ASKED FOR', of: (entry) => at(entry, 'asked.impersonate') ?? at(entry, 'asked.sans') },
  serial: { title: 'SERIAL', of: (entry) => at(entry, 'certificate.serial') },
  'serial-or-reason': {
    title: 'SERIAL OR REASON',
    of: (entry) => at(entry, 'reason') ?? at(entry, 'certificate.serial'),
  },
  'not-before': { title: 'NOT BEFORE', of: (entry) => at(entry, 'certificate.notBefore') },
  'not-after': { title: 'NOT AFTER', of: (entry) => at(entry, 'certificate.notAfter') },
  pod: { title: 'POD', of: (entry) => at(entry, 'onBehalfOf.pod.name') ?? at(entry, 'caller.pod.name') },
  node: { title: 'NODE', of: (entry) => at(entry, 'caller.node') ?? at(entry, 'onBehalfOf.node') },
  address: { title: 'ADDRESS', of: (entry) => at(entry, 'peer.ip') },
  issuer: { title: 'ISSUER', of: (entry) => at(entry, 'certificate.issuer.name') },
  'key-kind': { title: 'KEY', of: (entry) => at(entry, 'certificate.key.kind') },
  'key-hash': { title: 'KEY SHA-256', of: (entry) => at(entry, 'certificate.key.spkiSha256') },
  label: { title: 'KEY LABEL', of: (entry) => at(entry, 'key.label') },
  'token-of-key': { title: 'TOKEN', of: (entry) => at(entry, 'key.token.serial') ?? at(entry, 'key.token.label') },
  policy: { title: 'POLICY', of: (entry) => at(entry, 'decision.policy') },
  'policy-set': { title: 'POLICY SET', of: (entry) => at(entry, 'decision.policySetId') },
  'policy-before': { title: 'BEFORE', of: (entry) => at(entry, 'change.beforeSha256') },
  'policy-after': { title: 'AFTER', of: (entry) => at(entry, 'change.afterSha256') },
  difference: { title: 'DIFFERENCE', of: (entry) => at(entry, 'change.diff') },
  route: { title: 'ROUTE', of: (entry) => at(entry, 'action.route') },
  actor: { title: 'BY', of: (entry) => at(entry, 'actor.user') },
  approvers: { title: 'APPROVED BY', of: (entry) => at(entry, 'actor.approvers') },
  ticket: { title: 'TICKET', of: (entry) => at(entry, 'change.ticket') },
  reason: { title: 'REASON', of: (entry) => at(entry, 'reason') },
  'revocation-reason': { title: 'REVOKED FOR', of: (entry) => at(entry, 'revocation.reason') },
  'requested-by': { title: 'REQUESTED BY', of: (entry) => at(entry, 'revocation.requestedBy') },
  message: { title: 'MESSAGE', of: (entry) => at(entry, 'message') },
  kid: { title: 'KID', of: (entry) => at(entry, 'caller.credential.kid') },
} as const satisfies Record<string, { readonly title: string; readonly of: (entry: Entry) => string | undefined }>;

export type ColumnName = keyof typeof columns;

/** The text at a path of members; a list is joined. */
function at(entry: Entry, path: string): string | undefined {
  let found: Json | undefined = entry;
  for (const name of path.split('.')) found = isObject(found) ? found[name] : undefined;
  if (Array.isArray(found)) return found.filter((each) => typeof each === 'string').join(', ');
  return typeof found === 'string' ? found : undefined;
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json | undefined } {
  return typeof value === 'object' && !Array.isArray(value);
}
