import type { Standard } from './control.ts';

export const sp80053Audit: Standard = {
  name: 'NIST SP 800-53, audit and accountability',
  edition: 'Revision 5',
  controls: [
    {
      number: 'AU-2',
      title: 'Event logging',
      demands: 'The types of events that are logged are declared, with reasons, and reviewed.',
      answers:
        'The list of types is closed and part of the program: a record of another type cannot be written. This page shows how many there were of each. What is logged is not configurable, except for what is kept apart.',
      elsewhere:
        'Whether these types are enough for the organisation, and the review of that, is the work of whoever owns the CA. What other systems log is not here.',
      shows: ['types'],
      queries: ['configuration'],
      settings: ['audit.redactable', 'audit.includeCertificate'],
    },
    {
      number: 'AU-3',
      title: 'Content of audit records',
      demands: 'A record says what happened, when, where, from what source, with what outcome, and who had part in it.',
      answers:
        'Each record has a type, a time in UTC to the millisecond, the instance that wrote it, an outcome and, unless it is success, a reason. A record of a request also has the door, the address, the caller and how it was proven. The rows beside this page are whole records.',
      elsewhere:
        'The address is the one that the server saw: behind a proxy that is the proxy, unless it is trusted to say more.',
      queries: ['issued', 'refused', 'administrators'],
    },
    {
      number: 'AU-3(1)',
      title: 'Additional audit information',
      demands: 'Records carry the further details that the organisation has chosen.',
      answers:
        'A record of an issuance has what was asked for, the policy and policy set that decided, and, unless it is switched off, the certificate itself. So the decision can be made again from the log alone.',
      elsewhere: 'What was switched off, or dropped when its time was over, is named at the end of this page.',
      shows: ['replay'],
      queries: ['issued'],
      settings: ['audit.includeCertificate'],
    },
    {
      number: 'AU-3(3)',
      title: 'Limit personal information',
      demands: 'Records hold no more about people than is needed.',
      answers:
        'Fields of audit.redactable are kept beside the log, which holds salted digests of them; they can be erased, and the log says when they were. Tokens and keys are never recorded.',
      elsewhere:
        'Which fields are personal data, and for how long they are needed, is for whoever answers for data protection.',
      queries: ['log-life'],
      settings: ['audit.redactable', 'audit.retention'],
      alarms: ['redacted', 'pruned'],
    },
    {
      number: 'AU-5',
      title: 'Response to failures of logging',
      demands: 'When logging fails somebody is told, and what was decided for that case is done.',
      answers:
        'A certificate leaves only after its record is durable: where the log cannot be written, nothing is issued. That a part failed, and when it was back, is recorded as soon as there is a log to record it in.',
      elsewhere:
        'That a person was told, and what they did, is in the system that raises alarms. A log that could not be written has no record of that moment itself; the next one says that it was opened again.',
      queries: ['log-life', 'service', 'failed'],
      settings: ['audit.witnesses', 'audit.lifetime'],
      alarms: ['degraded', 'checkpoint-failed', 'recovered', 'not-witnessed', 'not-issued'],
    },
    {
      number: 'AU-6',
      title: 'Review, analysis and reporting',
      demands: 'Records are looked through regularly for what is out of order, and it is reported.',
      answers:
        'Watch rules look at every record while the server runs; which were in force, and what they found, is in the log. So are looks at it over the admin API. What a reviewer would have found besides stands on the first page, and here by kind.',
      elsewhere: 'That somebody looked, how often, and what came of it, is for the organisation to show.',
      queries: ['detections', 'mismatched', 'weak-keys', 'administrators'],
      settings: ['detection'],
      alarms: [
        'alert',
        'not-watched',
        'watch-refused',
        'foreign-identity',
        'impersonation',
        'weak-key',
        'admin-denied',
      ],
    },
    {
      number: 'AU-8',
      title: 'Time stamps',
      demands: 'Times come from the system clock, in UTC or with a fixed offset, as fine as was decided.',
      answers:
        'All times are UTC, to the millisecond, and never run backwards in the log: that was checked for every record. A clock that was set by more than two seconds while a server ran is a record.',
      elsewhere:
        'That the clock is right is not in the log. Synchronisation is done by the machine, and shown by whoever runs it.',
      queries: ['clock'],
      settings: ['audit.maxSkew'],
      alarms: ['clock-step'],
    },
    {
      number: 'AU-9',
      title: 'Protection of audit information',
      demands: 'Records and the tools for them are protected from being read, changed or deleted without right.',
      answers:
        'Every record is a leaf of a signed tree. For this pack all of the log was read, and each record found under the signed root; a record that is missing without a word of the log would have ended it.',
      elsewhere:
        'Who may read the files, and who has the key of the log, is set on the machines. Whoever has that key can write another history: witnesses, and checkpoints that somebody else kept, are what finds it.',
      shows: ['tree'],
      queries: ['log-life'],
      settings: ['audit.store', 'audit.publish', 'audit.checkpointGuard'],
      alarms: ['pruned', 'redacted', 'recovered', 'not-witnessed'],
    },
    {
      number: 'AU-9(2)',
      title: 'Copies on separate systems',
      demands: 'Audit records are copied, as often as was decided, to a system that is not the one that is audited.',
      answers:
        'Each sink of the exports has a cursor that moves when the sink has taken what it was sent. The log says when a sink began, when it lagged, when it refused records for good, and when it had all again.',
      elsewhere:
        'That the other system kept what it took is for that system to show. Witnesses keep no records, but what they signed shows which history they saw.',
      queries: ['exports'],
      settings: ['exports', 'audit.archive', 'audit.copyTo', 'audit.witnesses'],
      alarms: ['export-gap'],
    },
    {
      number: 'AU-9(3)',
      title: 'Cryptographic protection',
      demands: 'The integrity of the records is protected by cryptography.',
      answers:
        'A Merkle tree over all records (RFC 6962, SHA-256) and a signed checkpoint (C2SP tlog-checkpoint). The proofs beside this pack lead from single records to that root; other programs than ours read them.',
      elsewhere: 'Where the key of the log is kept, and who can use it, is in the configuration and on the machine.',
      shows: ['tree'],
      queries: ['keys', 'log-life'],
      settings: ['audit.key', 'audit.previousKeys'],
    },
    {
      number: 'AU-9(4)',
      title: 'Access by a subset of privileged users',
      demands: 'Only some of those with privileges may manage audit functions.',
      answers:
        'Calls of the admin API and their outcome are records, with who called; so are those that were turned away.',
      elsewhere:
        'Access to the machines, the database and the files is not in this log. It is in the systems that grant it.',
      queries: ['administrators'],
      settings: ['api'],
      alarms: ['admin-denied'],
    },
    {
      number: 'AU-10',
      title: 'Non-repudiation',
      demands: 'It can be shown irrefutably that somebody, or something for them, has done what was done.',
      answers:
        'A record names the caller, the credential by which it was proven (its issuer, subject and id, or the hash of the certificate), and the hash of the request. The signed tree keeps the record as it was.',
      elsewhere:
        'That a credential was in the right hands is for whoever gave it out. A name that was proven by another system is as good as that system.',
      queries: ['issued', 'refused', 'approved'],
      settings: ['authenticators'],
    },
    {
      number: 'AU-11',
      title: 'Retention of audit records',
      demands: 'Records are kept for as long as was decided.',
      answers:
        'Without audit.retention nothing is ever dropped. With it, bodies of requests go when their time is over, after a record that says which; the hashes stay. Records of keys, policies, revocations and the log itself stay.',
      elsewhere:
        'Which time is right. Whether the archive that is named is still there: it is read when it is asked for.',
      queries: ['log-life'],
      settings: ['audit.retention', 'audit.archive'],
      alarms: ['pruned'],
    },
    {
      number: 'AU-12',
      title: 'Generation of audit records',
      demands: 'The system can write the records that were declared, in all its parts.',
      answers:
        'Each request on each door ends in one record: issued, refused or failed. A flood of equal refusals is one record with a count, and the counts are exact. Configuration and policies are recorded with their content.',
      elsewhere: 'What happens around the CA, on its machines and in its cluster, is in their logs.',
      shows: ['types'],
      queries: ['issued', 'refused', 'failed'],
    },
  ],
};
