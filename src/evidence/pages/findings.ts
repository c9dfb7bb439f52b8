import type { Control } from '../controls/control.ts';
import type { Evidence } from '../evidence.ts';
import { type AlarmName, alarmNames, alarms, type Weight } from '../gather/alarms.ts';
import { plural } from './report.ts';

/** What does not fit: it would be wrong to go on without a word about it. */
export function misfits({ replay, missing }: Evidence): string[] {
  return [
    ...replay.findings.map(
      ({ index, rule, difference }) => `Record ${index} does not fit what policy permits (${rule}): ${difference}`,
    ),
    ...(replay.count > replay.findings.length
      ? [`${replay.count - replay.findings.length} more records do not fit; \`audit replay\` lists them.`]
      : []),
    ...(missing.dropped > 0
      ? [
          `Of ${plural(missing.dropped, 'record')} that may be of this period only the hashes are left: of what they said nothing is on these pages.`,
        ]
      : []),
  ];
}

/** Of one weight, as a person would say it. */
export function alarmed(evidence: Evidence, weight: Weight, of: readonly AlarmName[] = alarmNames): string[] {
  return evidence.alarms.flatMap(({ name, records, first, time, last }) => {
    const alarm = of.find((each) => each === name);
    if (alarm === undefined || alarms[alarm].weight !== weight) return [];
    const where =
      records === 1
        ? `record ${first} of ${time}`
        : `${records} records, the first ${first} of ${time}, the last ${last}`;
    return [`\`${alarms[alarm].type}\`: ${alarms[alarm].says} (${where}).`];
  });
}

/** Whether the period goes on after the log's newest record. */
export const endsEarly = ({ log: { last }, period }: Evidence): boolean => last === undefined || last < period.until;

/** Who has seen the checkpoint, in words. */
export const cosignedBy = ({ witnesses }: Evidence): string =>
  witnesses === undefined ? 'not asked' : witnesses.join(', ') || 'nobody';

/** What these pages cannot show, whoever reads them. */
export function limits(evidence: Evidence): string[] {
  const { period, log, witnesses, kept, missing, rules } = evidence;
  const { first, last } = log;
  const textless = rules.policySets.filter(({ documents }) => documents === undefined).length;
  const contentless = rules.configurations.filter(({ content }) => content === undefined).length;
  return [
    ...(endsEarly(evidence)
      ? [`The log ends at ${last ?? 'nothing'}, before the period does: what comes after is not here.`]
      : []),
    ...(first === undefined || first > period.since
      ? [`The log begins at ${first ?? 'nothing'}, after the period did.`]
      : []),
    ...(witnesses === undefined
      ? ['No trust policy was given: whether witnesses have seen the same history was not asked (`--trust-policy`).']
      : []),
    ...(kept.length === 0
      ? ['No earlier checkpoint was given: that the log continues what somebody saw before was not shown (`--kept`).']
      : []),
    ...missing.commitments.map(
      ({ field, records }) =>
        `The field \`${field}\` of ${plural(records, 'record')} is kept apart from the log or erased: here it is a digest.`,
    ),
    ...(missing.withoutCertificate > 0
      ? [
          `Of ${plural(missing.withoutCertificate, 'issuance')} the certificate is not in the log; only its record was held against policy.`,
        ]
      : []),
    ...(missing.unapproved > 0
      ? [
          `${plural(missing.unapproved, 'change')} of policy, configuration or watch rules ${missing.unapproved === 1 ? 'names' : 'name'} neither ticket nor approver: who approved it is in no record.`,
        ]
      : []),
    ...(textless > 0 ? [`Of ${plural(textless, 'policy set')} the text is not in the log.`] : []),
    ...(contentless > 0
      ? [`Of ${plural(contentless, 'configuration')} the log has a digest alone: it was too long for a record.`]
      : []),
    ...(rules.more > 0
      ? [
          `${plural(rules.more, 'load')} of more policies or configurations ${rules.more === 1 ? 'is' : 'are'} not told apart here.`,
        ]
      : []),
  ];
}

/** What of the first page belongs to a control, and what is missing wherever records are. */
export function ofControl(evidence: Evidence, { alarms: own = [], shows = [] }: Control): string[] {
  const heard = (['interruption', 'attempt', 'change'] as const).flatMap((weight) => alarmed(evidence, weight, own));
  const wrong = misfits(evidence).filter((text) => shows.includes('replay') || text.startsWith('Of '));
  return [...wrong, ...heard];
}
