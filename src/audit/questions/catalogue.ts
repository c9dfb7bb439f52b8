import type { EventType } from '../event.ts';
import type { ColumnName } from './columns.ts';
import type { FilterName } from './filters.ts';

/** Records alone that are such: certificates that hold, keys of two identities, … */
export type Kept = 'impersonated' | 'shared-key' | 'old-key' | 'not-renewed';

/** Another record that a row speaks of: the one that loaded its policy set, the CRL that followed, the key's first. */
export type Related = 'policy-loaded' | 'crl-published' | 'key-first';

interface Common {
  /** Its number in our contract; absent for what that does not ask. */
  readonly number?: number;
  readonly asks: string;
  /** One of each group has to be given. */
  readonly needs?: readonly (readonly FilterName[])[];
}

export interface RecordsQuestion extends Common {
  readonly answer: 'records';
  readonly types?: readonly EventType[];
  readonly reasons?: readonly string[];
  readonly kept?: Kept;
  /** Certificates that hold at `at`, which is now unless told. */
  readonly holding?: true;
  /** ms; what `within` is unless told. */
  readonly within?: number;
  readonly related?: Related;
  readonly columns: readonly ColumnName[];
}

/** Counted by words: the newest of each group's records is its leaf index. */
export interface GroupsQuestion extends Common {
  readonly answer: 'groups';
  readonly by: 'refusals' | 'keys';
  readonly takes: readonly FilterName[];
}

/** Counted by time. */
export interface RatesQuestion extends Common {
  readonly answer: 'rates';
  readonly takes: readonly FilterName[];
}

export type Question = RecordsQuestion | GroupsQuestion | RatesQuestion;

const certificateTypes = ['certificate.issued', 'certificate.denied', 'certificate.failed'] as const;
const day = 86_400_000;

/** All that can be asked by name. Names are part of the interface: add, never rename. */
const catalogue = {
  held: {
    number: 1,
    asks: 'Who held a certificate for this identity at that moment?',
    answer: 'records',
    needs: [['identity', 'identity-prefix']],
    types: ['certificate.issued'],
    holding: true,
    columns: ['time', 'identity', 'serial', 'not-after', 'pod', 'node', 'address'],
  },
  live: {
    number: 2,
    asks: 'Which certificates hold now, of a namespace or any other filter?',
    answer: 'records',
    types: ['certificate.issued'],
    holding: true,
    columns: ['identity', 'serial', 'not-before', 'not-after', 'issuer', 'key-kind'],
  },
  account: {
    number: 3,
    asks: 'What did this service account get, and what was it refused?',
    answer: 'records',
    needs: [['service-account']],
    types: [...certificateTypes, 'request.approved'],
    columns: ['time', 'type', 'identity', 'serial-or-reason', 'policy'],
  },
  'from-node': {
    number: 4,
    asks: 'Which certificates were issued to this node?',
    answer: 'records',
    needs: [['node']],
    types: ['certificate.issued'],
    columns: ['time', 'identity', 'serial', 'pod', 'node'],
  },
  impersonated: {
    number: 5,
    asks: 'Which requests were made on behalf of another, by whom, for whom?',
    answer: 'records',
    kept: 'impersonated',
    columns: ['time', 'type', 'caller', 'on-behalf-of', 'node', 'serial-or-reason'],
  },
  logged: {
    number: 7,
    asks: 'What does the log hold of this certificate? (`audit check` also says that it holds nothing, `audit prove` proves it)',
    answer: 'records',
    needs: [['serial', 'sha256']],
    columns: ['time', 'type', 'identity', 'serial', 'not-after'],
  },
  'live-keys': {
    number: 8,
    asks: 'Which certificates that hold now have keys of this kind, which policy is to rule out tomorrow?',
    answer: 'records',
    needs: [['key-kind']],
    types: ['certificate.issued'],
    holding: true,
    columns: ['identity', 'key-kind', 'serial', 'not-after', 'pod'],
  },
  expiring: {
    number: 9,
    asks: 'Which certificates end soon, past two thirds of their life, with no newer one of their identity?',
    answer: 'records',
    kept: 'not-renewed',
    types: ['certificate.issued'],
    holding: true,
    within: day,
    columns: ['identity', 'serial', 'not-before', 'not-after', 'pod', 'node'],
  },
  'most-refused': {
    number: 10,
    asks: 'Which identities were refused most, and why?',
    answer: 'groups',
    by: 'refusals',
    takes: ['since', 'until'],
  },
  mismatch: {
    number: 11,
    asks: 'Did anyone ask for an identity that is not theirs?',
    answer: 'records',
    reasons: ['identity.mismatch', 'authn.impersonation'],
    columns: ['time', 'reason', 'caller', 'asked', 'address'],
  },
  'shared-keys': {
    number: 12,
    asks: 'Which keys were certified for more than one identity?',
    answer: 'records',
    kept: 'shared-key',
    types: ['certificate.issued'],
    related: 'key-first',
    columns: ['time', 'identity', 'key-hash', 'serial'],
  },
  'old-keys': {
    number: 12,
    asks: 'Which certificates hold whose key was first certified so long ago?',
    answer: 'records',
    needs: [['older-than']],
    kept: 'old-key',
    types: ['certificate.issued'],
    holding: true,
    related: 'key-first',
    columns: ['time', 'identity', 'key-hash', 'not-after'],
  },
  key: {
    number: 13,
    asks: 'Where is this key used, or was asked to be?',
    answer: 'records',
    needs: [['key']],
    columns: ['time', 'type', 'identity', 'serial-or-reason', 'not-after', 'address'],
  },
  'signed-by': {
    number: 14,
    asks: "What did this issuer's key sign since it was compromised?",
    answer: 'records',
    needs: [['issuer']],
    types: ['certificate.issued'],
    columns: ['time', 'identity', 'serial', 'not-after', 'issuer'],
  },
  'policy-changes': {
    number: 15,
    asks: 'Who changed policy, when, what differs, who approved?',
    answer: 'records',
    types: ['policy.loaded', 'policy.refused', 'policy.dryrun-flip'],
    columns: ['time', 'type', 'actor', 'approvers', 'ticket', 'policy-before', 'policy-after', 'difference'],
  },
  'policy-of': {
    number: 16,
    asks: 'Under which policies was this certificate issued, and where were they loaded?',
    answer: 'records',
    needs: [['serial', 'sha256']],
    types: ['certificate.issued'],
    related: 'policy-loaded',
    columns: ['time', 'identity', 'policy', 'policy-set'],
  },
  interruptions: {
    number: 18,
    asks: 'Was the log, its export or the server ever down, and when?',
    answer: 'records',
    types: [
      ...(['log.opened', 'log.recovered', 'log.checkpoint-failed', 'log.pruned', 'log.redacted'] as const),
      ...(['export.started', 'export.gap', 'export.caught-up'] as const),
      ...(['service.started', 'service.stopped', 'service.degraded'] as const),
      ...(['hsm.lost', 'hsm.recovered', 'clock.step'] as const),
    ],
    columns: ['time', 'type', 'reason', 'message'],
  },
  authorities: {
    number: 19,
    asks: 'Which CAs were there, where are their keys, who was at the ceremony?',
    answer: 'records',
    types: [
      ...(['key.generated', 'key.imported', 'key.activated', 'key.retired', 'key.destroyed'] as const),
      ...(['ceremony.step', 'issuer.installed', 'issuer.rotated', 'trustbundle.changed'] as const),
    ],
    columns: ['time', 'type', 'label', 'token-of-key', 'issuer', 'actor', 'approvers', 'message'],
  },
  keys: {
    number: 20,
    asks: 'Which kinds of keys were certified, at which level, and what share has each?',
    answer: 'groups',
    by: 'keys',
    takes: ['since', 'until', 'cluster', 'namespace'],
  },
  rate: {
    number: 21,
    asks: 'How many requests came, by time, beside those of a week before?',
    answer: 'rates',
    takes: ['since', 'until', 'type', 'outcome', 'reason', 'cluster', 'namespace', 'key-kind'],
  },
  revocations: {
    number: 22,
    asks: 'What was revoked, and how long until the CRL that followed?',
    answer: 'records',
    types: ['certificate.revoked'],
    related: 'crl-published',
    columns: ['time', 'identity', 'serial', 'revocation-reason', 'requested-by', 'ticket'],
  },
  token: {
    number: 23,
    asks: 'What was asked for with this token, and from which address?',
    answer: 'records',
    needs: [['token']],
    columns: ['time', 'type', 'address', 'caller', 'kid', 'serial-or-reason'],
  },
  looks: {
    asks: 'Who looked at what over the admin API, and who was turned away?',
    answer: 'records',
    types: ['admin.login', 'admin.action', 'admin.denied'],
    columns: ['time', 'type', 'actor', 'route', 'reason', 'address'],
  },
  records: {
    asks: 'Which records match?',
    answer: 'records',
    columns: ['time', 'type', 'identity', 'serial-or-reason'],
  },
} as const satisfies Record<string, Question>;

export type QuestionName = keyof typeof catalogue;

export const questions: Readonly<Record<QuestionName, Question>> = catalogue;
export const questionNames = Object.keys(catalogue) as readonly QuestionName[];

/** Questions of the contract that are answered over the whole log, by commands of their own. */
export const answeredElsewhere = [
  { number: 6, asks: 'Was anything issued outside policy?', by: 'audit replay' },
  { number: 8, asks: 'Which certificates that hold now would other policies refuse?', by: 'audit replay --policies' },
  { number: 17, asks: 'Is the log complete and unaltered?', by: 'audit verify' },
  { number: 7, asks: 'Prove that this certificate was logged.', by: 'audit prove' },
  { number: 7, asks: 'Is this certificate not in the log at all?', by: 'audit check' },
] as const;
