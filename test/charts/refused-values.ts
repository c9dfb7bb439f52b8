import type { Values } from './helm.ts';
import { denial, namedPolicy, podPolicy, vouchedPolicy } from './policies.ts';
import { refusedLogValues } from './refused-log-values.ts';
import { ownIssuer } from './secrets.ts';

const documents = (name: string, document: unknown) => ({ policy: { documents: { [`${name}.yaml`]: document } } });
const pods = { podCertificates: { enabled: true, signerName: 'mesh.example/workload' } };
const vouched = { signingRequests: { enabled: true, signerName: 'mesh.example/istio' } };
const named = { certificateRequests: { enabled: true } };

/** Values that contradict each other, or themselves, and what is said then. */
export const refusedValues: readonly (readonly [string, readonly Values[], RegExp])[] = [
  ['nobody signs', [{ app: { certmanager: { issuer: { enabled: false } } } }], /nobody signs: give exactly one of app/],
  [
    'two sign',
    [{ issuer: { secret: { name: 'a' } } }],
    /app\.certmanager\.issuer and issuer\.secret\.name: exactly one of these.*app\.certmanager\.issuer\.enabled=false/,
  ],
  [
    'two of our own sign',
    [ownIssuer, { issuer: { pkcs11: { uri: 'pkcs11:object=a' } } }],
    /issuer\.pkcs11\.uri and issuer\.secret\.name/,
  ],
  [
    'an HSM without a PIN',
    [ownIssuer, { issuer: { secret: { name: '' }, pkcs11: { uri: 'pkcs11:object=a', module: '/m' } } }],
    /issuer\.pkcs11\.pin\.secretName/,
  ],
  [
    'revocation where the key is not ours',
    [{ revocation: { enabled: true } }],
    /revocation: by an issuer of cert-manager nothing here can be revoked/,
  ],
  [
    'what is revoked, without revocation',
    [ownIssuer, { revocation: { certificates: [{ serial: '01', issuer: '9d8c', requestedBy: 'bob' }] } }],
    /revocation\.certificates: nothing is revoked unless/,
  ],
  [
    'CRLs of the CAs above, without revocation',
    [ownIssuer, { revocation: { upperCrls: [{ configMap: 'root-crl', key: 'root.crl' }] } }],
    /revocation\.upperCrls: nobody is shown them unless/,
  ],
  [
    'CRLs in every namespace, without revocation',
    [ownIssuer, { distribution: { crlConfigMap: { enabled: true } } }],
    /distribution\.crlConfigMap: there are no CRLs unless/,
  ],
  [
    "a revocation on nobody's word",
    [ownIssuer, { revocation: { enabled: true, certificates: [{ serial: '01', issuer: '9d8c' }] } }],
    /at '\/revocation\/certificates\/0': missing property 'requestedBy'/,
  ],
  [
    'a status that is asked for by TLS',
    [ownIssuer, { revocation: { enabled: true, url: 'https://pki.example' } }],
    /at '\/revocation\/url'.*does not match/,
  ],
  [
    'an admin API for nobody',
    [ownIssuer, { api: { enabled: true, oidc: { issuer: 'i' } } }],
    /api\.roles: nobody has a role/,
  ],
  [
    'an admin API where nobody can prove who they are',
    [ownIssuer, { api: { enabled: true, roles: [{ who: { subject: 'CN=Ada' }, roles: ['viewer'] }] } }],
    /api: nobody could prove who they are/,
  ],
  ['no policy', [ownIssuer, { policy: { shipped: [] } }], /policy: without a rule nothing is issued/],
  [
    'two rules for every workload',
    [ownIssuer, { policy: { shipped: ['istio', 'default'] } }],
    /policy\.shipped: istio and default each decide for every workload/,
  ],
  ['a revision twice', [{ app: { istio: { revisions: ['a', 'a'] } } }], /app\.istio\.revisions: a, a names one twice/],
  [
    'a wrong size of a key',
    [{ app: { server: { serving: { certificateKeySize: 384 } } } }],
    /app\.server\.serving: an RSA/,
  ],
  [
    'an unknown suite',
    [{ app: { tls: { servingTLSCipherSuites: ['X'] } } }],
    /servingTLSCipherSuites: "X" is no suite/,
  ],
  [
    'a renewal after the end',
    [{ app: { tls: { istiodCertificateRenewBefore: '2h' } } }],
    /istiodCertificateRenewBefore: must be shorter/,
  ],
  ['an end that is cut off', [{ shutdown: { grace: '29s' } }], /terminationGracePeriodSeconds: 30 s end before/],
  ['a misspelt value', [{ app: { tls: { trustDomian: 'x' } } }], /at '\/app\/tls': .*'trustDomian' not allowed/],
  [
    'a value of the wrong form',
    [{ app: { tls: { certificateDuration: 'soon' } } }],
    /certificateDuration.*does not match/,
  ],
  ['a value of the wrong kind', [{ replicaCount: 'two' }], /at '\/replicaCount': got string, want integer/],
  [
    'a signer without a name',
    [ownIssuer, { podCertificates: { enabled: true } }],
    /podCertificates\.signerName: the signer that requests name is needed, such as mesh\.example\/workload/,
  ],
  [
    'another signer without a name',
    [ownIssuer, { signingRequests: { enabled: true } }],
    /signingRequests\.signerName: .* such as mesh\.example\/istio/,
  ],
  [
    'a signer whose name is none',
    [ownIssuer, { signingRequests: { signerName: 'istio' } }],
    /'\/signingRequests\/signerName': .*does not match/,
  ],
  [
    "a signer of Kubernetes' own",
    [ownIssuer, { signingRequests: { enabled: true, signerName: 'kubernetes.io/kubelet-serving' } }],
    /signingRequests\.signerName: signers under kubernetes\.io belong to Kubernetes itself/,
  ],
  [
    'approval by policy of what istiod approves',
    [ownIssuer, vouched, documents('vouched', vouchedPolicy), { signingRequests: { approval: 'policy' } }],
    /signingRequests\.approval: istiod approves its own requests/,
  ],
  [
    'approval of what is not answered',
    [ownIssuer, named, documents('named', namedPolicy), { certificateRequests: { signerNamesApproval: 'policy' } }],
    /certificateRequests\.signerNamesApproval: there is nothing to approve/,
  ],
  [
    'a requester in no namespace',
    [ownIssuer, { signingRequests: { requesters: ['istiod'] } }],
    /'\/signingRequests\/requesters\/0': .*does not match/,
  ],
  [
    'an issuer that is not there',
    [ownIssuer, vouched, { policy: { shipped: ['default'] }, signingRequests: { issuer: 'other' } }],
    /signingRequests\.issuer: there is no issuer other; right would be mesh/,
  ],
  ['pods of whom no rule speaks', [ownIssuer, pods], /policy: no rule .* podCertificates .*doors: \[pod-certificate\]/],
  [
    'a rule for another door',
    [ownIssuer, pods, documents('named', namedPolicy)],
    /policy: no rule allows what podCertificates asks for/,
  ],
  [
    'a registration authority of which no rule speaks',
    [ownIssuer, vouched, documents('pods', podPolicy)],
    /policy: no rule .* signingRequests .*doors: \[kubernetes-csr\]/,
  ],
  [
    'an issuer for cert-manager, and rules for workloads alone',
    [ownIssuer, named, { policy: { shipped: ['default'] } }, documents('pods', podPolicy)],
    /policy: no rule .* certificateRequests .*cert-manager: .*kinds: \[end-entity\] or kinds: \[ca\]/,
  ],
  [
    'rules that deny alone',
    [ownIssuer, named, documents('red', denial('red', 700))],
    /policy: no rule allows what certificateRequests asks for/,
  ],
  [
    'a rule that is off',
    [ownIssuer, named, documents('named', { ...namedPolicy, spec: { ...namedPolicy.spec, mode: 'off' } })],
    /policy: no rule allows what certificateRequests asks for/,
  ],
  [
    'issuers that sign by their name, and a rule for cert-manager alone',
    [
      ownIssuer,
      { certificateRequests: { enabled: true, signerNames: 'answer' } },
      documents('named', {
        ...namedPolicy,
        spec: { ...namedPolicy.spec, match: { kinds: ['ca'], doors: ['cert-manager'] } },
      }),
    ],
    /policy: no rule .* certificateRequests .*kubernetes-csr/,
  ],
  [
    'bundles of signers without a signer',
    [ownIssuer, { distribution: { signerTrustBundles: { enabled: true } } }],
    /distribution\.signerTrustBundles: this release is no signer/,
  ],
  [
    'longer tried than anybody waits',
    [ownIssuer, documents('named', namedPolicy), { certificateRequests: { enabled: true, retryFor: '2d' } }],
    /certificateRequests\.retryFor: 2d is more than 24h/,
  ],
  [
    'pods whose certificates would be relayed',
    [pods, documents('pods', podPolicy)],
    /app\.certmanager\.way: with either a certificate may be made of what its request names/,
  ],
  [
    'an issuer for cert-manager that relays to cert-manager',
    [named, documents('named', namedPolicy), { app: { certmanager: { way: 'relay' } } }],
    /app\.certmanager\.way: relay makes certificates for workloads alone/,
  ],
  [
    'an issuer above that this release answers',
    [named, documents('named', namedPolicy), { app: { certmanager: { issuer: { group: 'countersign.dev' } } } }],
    /app\.certmanager\.issuer\.group: .*would wait for itself/,
  ],
  ...refusedLogValues,
];
