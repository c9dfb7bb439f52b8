import { duration, list, oneOf, optional, optionalSection, path, section, text } from './field.ts';

const signing = {
  issuer: optional(text('The issuer that signs; left out, the default one')),
};

/** What of the objects by which a cluster asks for certificates is answered. */
export const clusterRequests = section(
  'Objects of a Kubernetes cluster that ask for certificates, and are answered; one replica answers, the others stand by',
  {
    cluster: text('Name of the cluster, in policies and records', { default: 'Kubernetes' }),
    kubeconfig: optional(
      path("Who we are at the API server, and where it is; left out, our pod's own service account"),
    ),
    context: optional(text('A context of the kubeconfig; left out, its current one')),
    lease: optionalSection('The Lease that decides who answers', {
      namespace: text('Its namespace', { default: 'istio-system' }),
      name: text('Its name', { default: 'countersign-requests' }),
    }),
    trustBundles: oneOf(
      'Whether the roots are kept as a ClusterTrustBundle linked to each signer below, DOMAIN:PATH:roots, where the cluster serves that kind; with signerNames each ClusterIssuer is one',
      ['omit', 'write'],
      { default: 'omit' },
    ),
    podCertificates: optional(
      section('PodCertificateRequests: pods that mount a certificate get one without a sidecar', {
        signerName: text('The signer that pods name, such as mesh.example/workload'),
        ...signing,
      }),
    ),
    signingRequests: optional(
      section(
        'CertificateSigningRequests of a registration authority that vouches for others, such as istiod with EXTERNAL_CA',
        {
          signerName: text('The signer that requests name, such as mesh.example/istio'),
          requesters: list(
            'Service accounts whose word on whom a certificate is for is taken, each NAMESPACE/NAME',
            text('An account'),
            { minItems: 1 },
          ),
          ...signing,
          root: oneOf(
            "Whether the chain's root stands at its end: istiod takes the last certificate for it",
            ['append', 'omit'],
            { default: 'append' },
          ),
          approval: oneOf(
            "Who approves what nobody has decided about: the cluster, or policy, as it decides of the certificate. Leave an istiod's to the cluster: it approves its own, and gives up where somebody was quicker",
            ['cluster', 'policy'],
            { default: 'cluster' },
          ),
        },
      ),
    ),
    certificateRequests: optional(
      section(
        "CertificateRequests of cert-manager that name an Issuer or ClusterIssuer of countersign.dev; approving them is cert-manager's, or its approver's",
        {
          retryFor: duration(
            'How long what may pass (an HSM that is away, a rate limit, a policy that is missing) is tried before a request has failed for good, at most 24h',
            { default: '10m' },
          ),
          signerNames: oneOf(
            'Whether CertificateSigningRequests are answered too whose signer is such an issuer by its name, clusterissuers.countersign.dev/NAME or issuers.countersign.dev/NAMESPACE.NAME',
            ['refuse', 'answer'],
            { default: 'refuse' },
          ),
          signerNamesApproval: oneOf(
            'Who approves those: the cluster, or policy, as it decides of the certificate; whoever may create them gets what a policy gives them then',
            ['cluster', 'policy'],
            { default: 'cluster' },
          ),
        },
      ),
    ),
  },
);
