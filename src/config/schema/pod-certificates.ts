import { optional, optionalSection, path, section, text } from './field.ts';

export const podCertificates = section(
  'PodCertificateRequests that are answered: pods that mount a certificate get one without a sidecar. One replica answers, the others stand by',
  {
    signerName: text('The signer that pods name, such as mesh.example/workload'),
    cluster: text('Name of the cluster, in policies and records', { default: 'Kubernetes' }),
    issuer: optional(text('The issuer that signs; left out, the default one')),
    kubeconfig: optional(
      path("Who we are at the API server, and where it is; left out, our pod's own service account"),
    ),
    context: optional(text('A context of the kubeconfig; left out, its current one')),
    lease: optionalSection('The Lease that decides who answers', {
      namespace: text('Its namespace', { default: 'istio-system' }),
      name: text('Its name', { default: 'countersign-pod-certificates' }),
    }),
  },
);
