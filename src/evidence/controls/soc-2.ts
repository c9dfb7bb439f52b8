import type { Standard } from './control.ts';

export const soc2: Standard = {
  name: 'SOC 2, trust services criteria',
  edition: '2017, points of focus of 2022',
  controls: [
    {
      number: 'CC6.1',
      title: 'Logical access',
      demands: 'Access to protected information is limited by means such as identities, keys and encryption.',
      answers:
        'Which identity was certified, for whom, by which proof and which policy; where the CA’s own keys are; all that was refused.',
      elsewhere: 'What an identity may do once it has a certificate is decided by the mesh.',
      shows: ['policies', 'replay'],
      queries: ['issued', 'refused', 'keys'],
      settings: ['authenticators', 'issuers'],
    },
    {
      number: 'CC6.2',
      title: 'Registration before credentials',
      demands: 'Credentials are given only to those who are registered and authorised, and taken back when that ends.',
      answers:
        'No certificate without a caller that was proven by another authority (a cluster, an OIDC provider, a certificate). Approvals, and what was revoked, are records.',
      elsewhere: 'Registration itself: service accounts are made and removed in the cluster.',
      queries: ['issued', 'unproven', 'approved', 'revoked'],
      settings: ['authenticators'],
    },
    {
      number: 'CC6.3',
      title: 'Access by role and least privilege',
      demands: 'Access is given, changed and taken away by roles, with duties kept apart.',
      answers: 'Policy says who may have which names. Who is what at the admin API is configured; calls are records.',
      elsewhere: 'Roles in the cluster, in the HSM and on the machines.',
      shows: ['policies'],
      queries: ['administrators', 'policies'],
      settings: ['api'],
      alarms: ['admin-denied'],
    },
    {
      number: 'CC7.2',
      title: 'Monitoring for anomalies',
      demands: 'Systems are watched for what points to attacks, disasters or errors.',
      answers:
        'What watch rules found, and what there was to notice besides, by kind; whether copies for those who watch had gaps.',
      elsewhere: 'That somebody watched, and what was concluded.',
      queries: ['detections', 'mismatched', 'unproven', 'weak-keys', 'limits', 'exports'],
      settings: ['detection', 'exports'],
      alarms: ['alert', 'not-watched', 'foreign-identity', 'impersonation', 'weak-key', 'admin-denied', 'export-gap'],
    },
    {
      number: 'CC7.3',
      title: 'Evaluation of incidents',
      demands: 'Events are evaluated, and it is decided whether an objective was missed.',
      answers: 'Interruptions, revocations and what the replay found are here as facts, each with its leaf index.',
      elsewhere: 'The evaluation, and what was done.',
      shows: ['replay'],
      queries: ['service', 'revoked', 'failed'],
      alarms: ['degraded', 'hsm-lost', 'revoked', 'not-issued', 'clock-step'],
    },
    {
      number: 'CC8.1',
      title: 'Management of changes',
      demands: 'Changes are authorised, designed, tested, approved, and put in place as approved.',
      answers:
        'What was changed of policy and configuration, when, with both hashes, the text and what differs. A ticket and approvers stand there if the change brought them.',
      elsewhere:
        'Approval: in the system for version control. A hash from here can be compared with the file that was approved there.',
      shows: ['policies'],
      queries: ['policies', 'configuration', 'roots', 'issuers'],
      settings: ['policies'],
      alarms: ['policy-refused', 'not-loaded', 'roots-changed'],
    },
  ],
};
