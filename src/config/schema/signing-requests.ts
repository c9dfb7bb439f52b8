import { list, oneOf, optional, optionalSection, path, section, text } from './field.ts';

export const signingRequests = section(
  "CertificateSigningRequests that are answered, for a registration authority that vouches for others, such as istiod with EXTERNAL_CA. Approving them is the cluster's; one replica answers, the others stand by",
  {
    signerName: text('The signer that requests name, such as mesh.example/istio'),
    requesters: list(
      'Service accounts whose word on whom a certificate is for is taken, each NAMESPACE/NAME',
      text('An account'),
      { minItems: 1 },
    ),
    cluster: text('Name of the cluster, in policies and records', { default: 'Kubernetes' }),
    issuer: optional(text('The issuer that signs; left out, the default one')),
    root: oneOf(
      "Whether the chain's root stands at its end: istiod takes the last certificate for it",
      ['append', 'omit'],
      {
        default: 'append',
      },
    ),
    kubeconfig: optional(
      path("Who we are at the API server, and where it is; left out, our pod's own service account"),
    ),
    context: optional(text('A context of the kubeconfig; left out, its current one')),
    lease: optionalSection('The Lease that decides who answers', {
      namespace: text('Its namespace', { default: 'istio-system' }),
      name: text('Its name', { default: 'countersign-signing-requests' }),
    }),
  },
);
