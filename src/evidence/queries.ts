import { begins } from '#audit/begins.ts';
import type { Entry } from '#audit/entry.ts';
import type { QuestionName } from '#audit/questions/catalogue.ts';
import type { ColumnName } from '#audit/questions/columns.ts';
import type { TallyName } from './gather/tallies.ts';

/** What is looked for in the log: what `audit export` chooses by the options of the same names. */
export interface Query {
  readonly asks: string;
  /** A type of record, or the beginning of several. */
  readonly type: string;
  /** A code of refusal, or the beginning of several. */
  readonly reason?: string;
  readonly tallies: readonly TallyName[];
  readonly columns: readonly ColumnName[];
  /** The question of `audit ask` that says the same of a home. */
  readonly question?: QuestionName;
}

/** Together they hold every type of record. Names are part of the interface: add, never rename. */
const catalogue = {
  issued: {
    asks: 'Which certificates were issued?',
    type: 'certificate.issued',
    tallies: ['key', 'algorithm', 'level', 'lifetime', 'issuer', 'policy', 'mode', 'authenticator', 'door'],
    columns: ['time', 'identity', 'serial', 'not-after', 'policy'],
  },
  refused: {
    asks: 'Which requests were refused, and why?',
    type: 'certificate.denied',
    tallies: ['reason', 'door', 'authenticator'],
    columns: ['time', 'reason', 'caller', 'asked', 'address'],
  },
  unproven: {
    asks: 'Who could not prove who they are?',
    type: 'certificate.denied',
    reason: 'authn',
    tallies: ['reason', 'door'],
    columns: ['time', 'reason', 'caller', 'address', 'message'],
  },
  mismatched: {
    asks: 'Who asked for an identity that is not theirs?',
    type: 'certificate.denied',
    reason: 'identity',
    tallies: ['reason', 'door'],
    columns: ['time', 'reason', 'caller', 'asked', 'address'],
  },
  'weak-keys': {
    asks: 'Which requests were refused for their key?',
    type: 'certificate.denied',
    reason: 'key',
    tallies: ['reason', 'key'],
    columns: ['time', 'reason', 'caller', 'key-kind', 'message'],
  },
  failed: {
    asks: 'Which requests came to no end through a fault of ours?',
    type: 'certificate.failed',
    tallies: ['reason', 'door'],
    columns: ['time', 'reason', 'identity', 'message'],
  },
  intended: {
    asks: 'Which certificates were announced before they were signed?',
    type: 'certificate.intended',
    tallies: ['issuer'],
    columns: ['time', 'identity', 'serial', 'issuer'],
  },
  approved: {
    asks: 'Which requests were approved?',
    type: 'request.approved',
    tallies: ['policy', 'door'],
    columns: ['time', 'identity', 'policy', 'caller'],
  },
  revoked: {
    asks: 'Which certificates were revoked, by whom, why?',
    type: 'certificate.revoked',
    tallies: ['revoked-for'],
    columns: ['time', 'identity', 'serial', 'revocation-reason', 'requested-by', 'ticket'],
    question: 'revocations',
  },
  crls: {
    asks: 'Which CRLs were published?',
    type: 'crl.published',
    tallies: ['outcome', 'issuer'],
    columns: ['time', 'issuer', 'message'],
  },
  keys: {
    asks: 'Which keys were made, taken into use, taken out of it, destroyed?',
    type: 'key',
    tallies: ['type', 'holder', 'extractable'],
    columns: ['time', 'type', 'label', 'token-of-key', 'actor', 'message'],
    question: 'authorities',
  },
  ceremonies: {
    asks: 'Which steps of ceremonies were held, and who was there?',
    type: 'ceremony',
    tallies: ['outcome'],
    columns: ['time', 'message', 'actor', 'approvers'],
    question: 'authorities',
  },
  issuers: {
    asks: 'Which issuers were installed or exchanged?',
    type: 'issuer',
    tallies: ['type', 'issuer', 'holder', 'extractable'],
    columns: ['time', 'type', 'issuer', 'not-before', 'not-after'],
    question: 'authorities',
  },
  roots: {
    asks: 'When did the roots change that workloads trust?',
    type: 'trustbundle',
    tallies: ['outcome'],
    columns: ['time', 'type', 'actor', 'policy-before', 'policy-after'],
    question: 'authorities',
  },
  hsm: {
    asks: 'When was the HSM logged in to, lost, back?',
    type: 'hsm',
    tallies: ['type', 'outcome'],
    columns: ['time', 'type', 'token-of-key', 'reason', 'message'],
  },
  policies: {
    asks: 'Which policies were loaded or refused, by whom?',
    type: 'policy',
    tallies: ['type', 'outcome'],
    columns: ['time', 'type', 'actor', 'approvers', 'ticket', 'policy-before', 'policy-after'],
    question: 'policy-changes',
  },
  configuration: {
    asks: 'Which configurations were loaded or refused, by whom?',
    type: 'config',
    tallies: ['type', 'outcome'],
    columns: ['time', 'type', 'actor', 'reason', 'policy-before', 'policy-after'],
  },
  administrators: {
    asks: 'Who looked at what over the admin API, and who was turned away?',
    type: 'admin',
    tallies: ['type', 'outcome', 'actor', 'route'],
    columns: ['time', 'type', 'actor', 'route', 'reason', 'address'],
    question: 'looks',
  },
  exports: {
    asks: 'When did copies of the log on other systems begin, lag, catch up?',
    type: 'export',
    tallies: ['type', 'sink', 'reason'],
    columns: ['time', 'type', 'reason', 'message'],
    question: 'interruptions',
  },
  'log-life': {
    asks: 'When was the log opened, recovered, witnessed, shortened, redacted; when did it fail?',
    type: 'log',
    tallies: ['type', 'outcome'],
    columns: ['time', 'type', 'reason', 'message'],
    question: 'interruptions',
  },
  service: {
    asks: 'When did servers start, stop, work in part only?',
    type: 'service',
    tallies: ['type', 'version'],
    columns: ['time', 'type', 'reason', 'message'],
    question: 'interruptions',
  },
  clock: {
    asks: 'When was the clock set?',
    type: 'clock',
    tallies: ['type'],
    columns: ['time', 'type', 'message'],
    question: 'interruptions',
  },
  blocklists: {
    asks: 'Which lists of weak keys were loaded?',
    type: 'blocklist',
    tallies: ['outcome'],
    columns: ['time', 'type', 'message'],
  },
  algorithms: {
    asks: 'At which level of algorithms did servers start?',
    type: 'fips',
    tallies: ['level'],
    columns: ['time', 'type', 'message'],
  },
  clusters: {
    asks: 'Which remote clusters came, changed, went?',
    type: 'cluster',
    tallies: ['type'],
    columns: ['time', 'type', 'actor', 'message'],
  },
  detections: {
    asks: 'Which watch rules were in force, and what did they find?',
    type: 'detection',
    tallies: ['type', 'rule', 'severity'],
    columns: ['time', 'type', 'reason', 'message'],
  },
  limits: {
    asks: 'When were limits on requests reached?',
    type: 'ratelimit',
    tallies: ['reason'],
    columns: ['time', 'reason', 'caller', 'message'],
  },
} as const satisfies Record<string, Query>;

export type QueryName = keyof typeof catalogue;
export const queries: Readonly<Record<QueryName, Query>> = catalogue;
export const queryNames = Object.keys(catalogue) as readonly QueryName[];

/** As the filters of the same names have it. */
export function matches({ type, reason }: Query, entry: Entry): boolean {
  if (!begins(entry.type, type)) return false;
  return reason === undefined || (typeof entry.reason === 'string' && begins(entry.reason, reason));
}
