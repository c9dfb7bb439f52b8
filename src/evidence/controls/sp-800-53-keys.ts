import type { Standard } from './control.ts';

export const sp80053Keys: Standard = {
  name: 'NIST SP 800-53, identification and protection',
  edition: 'Revision 5',
  controls: [
    {
      number: 'IA-4',
      title: 'Management of identifiers',
      demands: 'Identifiers are assigned under control, and each stands for one holder.',
      answers:
        'A workload gets the SPIFFE ID that follows from what it proved, and no other. Whoever asked for another one was refused, and stands here.',
      elsewhere:
        'Who may make a service account or a namespace is decided in the cluster. That two pods share an account, and so an identity, is meant there.',
      queries: ['issued', 'mismatched'],
      settings: ['trustDomain', 'trustDomainAliases'],
      alarms: ['foreign-identity', 'impersonation'],
    },
    {
      number: 'IA-5(2)',
      title: 'Authentication by public keys',
      demands:
        'Certificates are validated up to a trusted root, revocation included; private keys are held by those whom they stand for.',
      answers:
        'A certificate is issued only for a key whose holder signed the request. It is short of life, so that most are never revoked; what was revoked, and the CRLs that followed, are here. Changes of the roots are records.',
      elsewhere:
        'Validation itself is done by the peers in the mesh. How a workload keeps its private key is not known to the CA.',
      queries: ['issued', 'revoked', 'crls', 'roots'],
      settings: ['revocation', 'trustBundle'],
      alarms: ['revoked', 'roots-changed'],
    },
    {
      number: 'IA-7',
      title: 'Authentication to a cryptographic module',
      demands: 'Whoever uses a cryptographic module is authenticated as law and rules demand.',
      answers: 'Logins of the server to its HSM are records, as are those that failed, and the loss of the HSM.',
      elsewhere: 'The module’s own certificate (FIPS 140) and its roles are with the module and its maker.',
      queries: ['hsm'],
      settings: ['issuers', 'audit.key'],
      alarms: ['hsm-lost'],
    },
    {
      number: 'IA-9',
      title: 'Identification of services',
      demands: 'Services are identified and authenticated before anything is said to them.',
      answers:
        'Every certificate in the mesh was issued to a caller that was proven; by which means is counted here. Who could not prove it was refused, and stands here too.',
      elsewhere: 'Whether the mesh demands certificates everywhere is its own configuration (mutual TLS mode).',
      queries: ['issued', 'unproven'],
      settings: ['authenticators'],
    },
    {
      number: 'SC-12',
      title: 'Establishment and management of keys',
      demands: 'Keys are generated, distributed, stored, used and destroyed as was decided.',
      answers:
        'The life of the CA’s keys is in the log: made or imported, taken into use, out of it, destroyed; in which token; at which ceremony, by whom, with whom present.',
      elsewhere:
        'What happened with a key outside of this program is not here: backups of an HSM, keys that other tools made. Keys of workloads never reach the CA.',
      queries: ['keys', 'ceremonies', 'issuers'],
      settings: ['issuers', 'audit.key'],
      alarms: ['key-outside-token', 'new-key-outside-token', 'key-may-leave', 'key-imported', 'hsm-lost'],
    },
    {
      number: 'SC-13',
      title: 'Cryptographic protection',
      demands: 'The kinds of cryptography that were decided on are what is used.',
      answers:
        'Policy says which kinds of keys may be certified. What was certified is counted by key and by signature, and each certificate was held again against the policy of its time.',
      elsewhere: 'Whether the module is validated is with its maker. What peers negotiate in TLS is theirs.',
      shows: ['policies', 'replay'],
      queries: ['issued', 'weak-keys', 'algorithms', 'blocklists'],
      settings: ['fips', 'csr'],
      alarms: ['weak-key'],
    },
    {
      number: 'SC-17',
      title: 'Certificates of a public key infrastructure',
      demands: 'Certificates are issued under a policy, from approved trust anchors only.',
      answers:
        'All that was issued was decided again from the log, under the policy set that its record names, and held against that decision octet by octet. Issuers and roots stand with their own records.',
      elsewhere:
        'A certificate that was signed by the same key somewhere else is in no log of ours. That the key is in one place is for the ceremony and the HSM to show.',
      shows: ['policies', 'replay'],
      queries: ['issued', 'issuers', 'roots'],
      settings: ['issuers', 'policies'],
      alarms: ['roots-changed'],
    },
  ],
};
