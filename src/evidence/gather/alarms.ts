import { begins } from '#audit/begins.ts';
import type { Entry } from '#audit/entry.ts';
import type { EventType } from '#audit/event.ts';
import { memberOf } from '#audit/json-object.ts';

/** Where on the first page it stands. */
export type Weight = 'interruption' | 'attempt' | 'change';

interface Alarm {
  readonly type: EventType;
  readonly is?: (entry: Entry) => boolean;
  readonly weight: Weight;
  /** What a record of it means, for people. */
  readonly says: string;
}

const hasFailed = ({ outcome }: Entry) => outcome !== 'success';
const reasonBegins = (start: string) => (entry: Entry) =>
  typeof entry.reason === 'string' && begins(entry.reason, start);

const keyOutsideToken = ({ key }: Entry) => key !== undefined && memberOf(key, 'token') === undefined;
const keyMayLeave = ({ key }: Entry) => memberOf(memberOf(key, 'attributes'), 'extractable') === true;

/** Records that whoever audits wants to be told of before anything else. Names are part of the interface. */
const catalogue = {
  degraded: { type: 'service.degraded', weight: 'interruption', says: 'a part of the CA did not work' },
  'checkpoint-failed': {
    type: 'log.checkpoint-failed',
    weight: 'interruption',
    says: 'the log could not be signed or published for a time',
  },
  recovered: {
    type: 'log.recovered',
    weight: 'interruption',
    says: 'the log was not closed in order before, or was away for a time',
  },
  'not-witnessed': {
    type: 'log.witnessed',
    is: hasFailed,
    weight: 'interruption',
    says: 'too few witnesses had cosigned the log, or one has seen another history',
  },
  'hsm-lost': { type: 'hsm.lost', weight: 'interruption', says: 'the HSM could not be reached' },
  'export-gap': {
    type: 'export.gap',
    weight: 'interruption',
    says: 'a copy on another system lagged, or refused records',
  },
  'clock-step': { type: 'clock.step', weight: 'interruption', says: 'the clock of a server was set' },
  'not-issued': {
    type: 'certificate.failed',
    weight: 'interruption',
    says: 'a request came to no end through a fault of the CA',
  },
  'not-loaded': {
    type: 'config.refused',
    weight: 'interruption',
    says: 'a configuration was refused when it was read',
  },
  'policy-refused': {
    type: 'policy.refused',
    weight: 'interruption',
    says: 'policies were refused when they were read',
  },
  'foreign-identity': {
    type: 'certificate.denied',
    is: reasonBegins('identity'),
    weight: 'attempt',
    says: 'somebody asked for an identity that is not theirs, and was refused',
  },
  impersonation: {
    type: 'certificate.denied',
    is: reasonBegins('authn.impersonation'),
    weight: 'attempt',
    says: 'somebody asked on behalf of another without being allowed to, and was refused',
  },
  'admin-denied': { type: 'admin.denied', weight: 'attempt', says: 'somebody was turned away from the admin API' },
  'weak-key': {
    type: 'certificate.denied',
    is: reasonBegins('key.weak'),
    weight: 'attempt',
    says: 'a request came with a weak key, and was refused',
  },
  alert: { type: 'detection.alert', weight: 'attempt', says: 'a watch rule found what it looks for' },
  'not-watched': { type: 'detection.gap', weight: 'interruption', says: 'watch rules did not see some records' },
  'watch-refused': {
    type: 'detection.refused',
    weight: 'interruption',
    says: 'watch rules were refused when they were read',
  },
  'key-imported': {
    type: 'key.imported',
    weight: 'change',
    says: 'a key was brought from elsewhere: where it was before is not in this log',
  },
  'key-outside-token': {
    type: 'issuer.installed',
    is: keyOutsideToken,
    weight: 'change',
    says: 'the key of an issuer is in no token, as far as its record says',
  },
  'new-key-outside-token': {
    type: 'issuer.rotated',
    is: keyOutsideToken,
    weight: 'change',
    says: 'the new key of an issuer is in no token, as far as its record says',
  },
  'key-may-leave': {
    type: 'key.generated',
    is: keyMayLeave,
    weight: 'change',
    says: 'a key was made in a token that lets it out',
  },
  pruned: { type: 'log.pruned', weight: 'change', says: 'bodies of old records were dropped; their hashes are there' },
  redacted: { type: 'log.redacted', weight: 'change', says: 'values that were kept apart were erased on request' },
  revoked: { type: 'certificate.revoked', weight: 'change', says: 'a certificate was revoked' },
  'roots-changed': { type: 'trustbundle.changed', weight: 'change', says: 'the roots that workloads trust changed' },
} as const satisfies Record<string, Alarm>;

export type AlarmName = keyof typeof catalogue;
export const alarms: Readonly<Record<AlarmName, Alarm>> = catalogue;
export const alarmNames = Object.keys(catalogue) as readonly AlarmName[];

interface Heard {
  readonly name: AlarmName;
  readonly records: number;
  readonly first: number;
  readonly time: string;
  readonly last: number;
}

/** How often each was heard, and where first and last. */
export class HeardAlarms {
  readonly #heard = new Map<AlarmName, Heard>();

  take(entry: Entry): void {
    for (const name of alarmNames) {
      const { type, is } = alarms[name];
      if (entry.type !== type || is?.(entry) === false) continue;
      const before = this.#heard.get(name) ?? { name, records: 0, first: entry.seq, time: entry.time };
      this.#heard.set(name, { ...before, records: before.records + 1, last: entry.seq });
    }
  }

  get all(): Heard[] {
    return alarmNames.flatMap((name) => this.#heard.get(name) ?? []);
  }
}
