import type { Standard } from './control.ts';

export const sp800204: Standard = {
  name: 'NIST SP 800-204 and 800-207A',
  edition: '204A (2020), 204B (2021), 204C (2022), 207A (2023)',
  controls: [
    {
      number: '800-204A, trust root',
      title: 'The root in the organisation’s PKI',
      demands:
        'The signing certificate of the mesh is rooted in the existing PKI, so that it can be audited, rotated and revoked.',
      answers:
        'Each issuer that signed in this period was announced in the log with its certificate; ceremonies, exchanged issuers and changed roots are records.',
      elsewhere: 'What stands above our root, or above an issuer of another CA, is in the books of that PKI.',
      queries: ['issuers', 'ceremonies', 'roots'],
      settings: ['issuers', 'trustBundle'],
      alarms: ['roots-changed', 'key-imported'],
    },
    {
      number: '800-204A, workloads',
      title: 'Certificates of workloads are short-lived',
      demands: 'A service has a certificate of its own, of a short life, which is exchanged often and by itself.',
      answers: 'Certificates of the period are counted by lifetime; the longest that policy permits is in its text.',
      elsewhere: 'That a workload takes up its new certificate is seen at the workload.',
      shows: ['policies'],
      queries: ['issued'],
    },
    {
      number: '800-204A, channel',
      title: 'The way from the mesh to its PKI is protected',
      demands: 'Requests to the CA, and the distribution of roots, go over authenticated channels.',
      answers:
        'The doors speak TLS, and serve certificates that the log has too. By what each caller was proven is counted; who could not prove it was refused.',
      elsewhere: 'Networks, firewalls and the mesh’s own mode of TLS are not seen from here.',
      queries: ['issued', 'unproven', 'roots'],
      settings: ['istio', 'authenticators', 'distribution'],
    },
    {
      number: '800-204B',
      title: 'Access by the identity of a service',
      demands: 'Identities that access decisions hang on are proven, and given by policy.',
      answers:
        'A SPIFFE ID is certified for whoever proved the account behind it. Asking for another one, or for others without being allowed to, was refused and is listed.',
      elsewhere: 'Decisions between services are made by the proxies, by rules that are not ours.',
      shows: ['policies'],
      queries: ['mismatched', 'approved'],
      alarms: ['foreign-identity', 'impersonation'],
    },
    {
      number: '800-204C',
      title: 'Policy as code, with its history',
      demands: 'Policies are code: versioned, tested, reviewed, and what runs is what was reviewed.',
      answers:
        'Each set of policies has the hash of its text for a name. The log has when it was loaded, its text, what differs from the one before, and under which set each certificate was issued.',
      elsewhere: 'Review and tests of a policy are in the system for version control; its commit is not in the log.',
      shows: ['policies', 'replay'],
      queries: ['policies'],
      settings: ['policies'],
      alarms: ['policy-refused'],
    },
    {
      number: '800-207A',
      title: 'Identity of services across clusters and clouds',
      demands: 'Services are identified the same everywhere, and trust in other places is explicit.',
      answers: 'Clusters that came, changed and went are records, as is from which cluster a caller came.',
      elsewhere: 'Federation between trust domains is configured in the mesh. The CA certifies its own domain alone.',
      queries: ['clusters', 'issued'],
      settings: ['trustDomain', 'authenticators'],
    },
  ],
};
