import type { Standard } from './control.ts';

export const cabf: Standard = {
  name: 'CA/Browser Forum, baseline requirements',
  edition: 'section 5.4, as far as a private CA takes it for a measure',
  controls: [
    {
      number: '5.4.1 (1)',
      title: 'Life of the CA’s certificates and keys',
      demands:
        'Recorded are: generation, backup, storage, recovery, archival and destruction of CA keys; requests, renewal and revocation of CA certificates; approval and rejection; the life of cryptographic devices; CRLs and OCSP answers; new and retired profiles.',
      answers:
        'Keys, ceremonies, issuers, roots, CRLs, the HSM’s logins and losses. Profiles are part of the program: their id and hash stand in the record of each issuer and certificate.',
      elsewhere:
        'Backup, recovery and archival of keys are done with the tools of the HSM, and are in its log. Single OCSP answers are not recorded.',
      queries: ['keys', 'ceremonies', 'intended', 'issuers', 'roots', 'crls', 'hsm'],
      settings: ['issuers', 'revocation'],
      alarms: [
        'key-outside-token',
        'new-key-outside-token',
        'key-may-leave',
        'key-imported',
        'hsm-lost',
        'roots-changed',
      ],
    },
    {
      number: '5.4.1 (2)',
      title: 'Life of subscribers’ certificates',
      demands:
        'Recorded are: requests, renewals, re-keys and revocations; all that was verified; approval and rejection; issuance.',
      answers: 'Each request ends in one record: issued, refused or failed. Revocations and approvals are records.',
      elsewhere: 'What an authenticator elsewhere verified before it vouched for the caller.',
      shows: ['replay', 'policies'],
      queries: ['issued', 'refused', 'failed', 'approved', 'revoked'],
      alarms: ['revoked', 'not-issued'],
    },
    {
      number: '5.4.1 (3)',
      title: 'Security events',
      demands:
        'Recorded are: access attempts, good and bad; security actions; changes of profiles and configuration; installation and removal of software; crashes and faults of hardware; firewalls and routers; entries to the facility.',
      answers:
        'Calls of the admin API; changes of policy and configuration; start and stop of servers with their version; parts that failed; the HSM lost and back; ends without a word.',
      elsewhere:
        'Installation of software, firewalls and routers, and doors of rooms are in the logs of those who run them.',
      queries: ['administrators', 'configuration', 'policies', 'service', 'hsm', 'log-life'],
      alarms: ['degraded', 'recovered', 'admin-denied', 'not-loaded'],
    },
    {
      number: '5.4.3',
      title: 'Retention of audit logs',
      demands: 'Records of CA keys and certificates are kept for two years after these are destroyed or over.',
      answers:
        'Records of keys, issuers, ceremonies and revocations are never dropped; those of requests as is configured.',
      elsewhere: 'Whether the configured time is right.',
      queries: ['log-life'],
      settings: ['audit.retention', 'audit.archive'],
      alarms: ['pruned'],
    },
    {
      number: '5.4.4',
      title: 'Protection of audit logs',
      demands: 'Logs are protected from being altered or destroyed.',
      answers: 'The signed tree, and what others keep of it.',
      elsewhere: 'Access to the machines.',
      shows: ['tree'],
      queries: ['log-life', 'exports'],
      settings: ['audit.witnesses', 'audit.checkpointGuard'],
      alarms: ['not-witnessed', 'export-gap'],
    },
  ],
};
