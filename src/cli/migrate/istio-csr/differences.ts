import type { IstioCsrValues } from '../../istio-csr/line.ts';
import { outsideIssuer } from '../../istio-csr/outside-issuer.ts';

/** What somebody who knows the cluster will notice, a sentence or two each. */
export function differences(values: IstioCsrValues): readonly string[] {
  return [
    outsideIssuer(values) === undefined
      ? "No CertificateRequests: cert-manager's records and approval policies see nothing of workload certificates. Policies decide here, and every decision is in the log, which `countersign audit` reads."
      : "CertificateRequests: one for each replica's CA certificate, so cert-manager's records and approval policies see nothing of workload certificates; with way: relay one for each, as today. Policies decide here first, and every decision is in the log, which `countersign audit` reads.",
    "Leaves: the critical SAN holds the caller's identity alone and the subject is empty, whatever the CSR's said; keyUsage is there; notBefore is two minutes back. A CSR that istio-csr would refuse is refused with the same code.",
    'Tokens: one that is bound to nothing counts, as with istio-csr (unboundTokens: accept): such a token outlives its pod, so put refuse there once no VM and no script of yours comes with one. One that is bound to a Secret or a node, which istio-csr takes, is refused.',
    'Time: a certificate takes milliseconds, not at least a second, and no call of the API server besides one TokenReview (none with mode: local under authenticators).',
    'Readiness: the same path and checks, and also 500 while the key or the log cannot be used. The metrics of istio-csr keep their names and are joined by ours (countersign_*).',
    'istio-ca-root-cert: keys of others in that ConfigMap are kept; istio-csr drops them.',
    `A call of another cluster than ${JSON.stringify(values['cluster-id'])} is refused, as before.`,
    ...(values['istiod-cert-enabled']
      ? [
          outsideIssuer(values) === undefined
            ? 'istiod: the Secret istiod-tls is written directly, without a Certificate object. It has no common name; for the default revision it names istiod-remote and istio-pilot too.'
            : `istiod: the Certificate ${values['istiod-cert-name']} is kept as in istio-csr's dynamic mode, and cert-manager makes the Secret istiod-tls of it. Without distribution.istiod.certificate the Secret is written directly, from our own issuer and on our record.`,
        ]
      : []),
    ...(values['disable-kubernetes-client-rate-limiter']
      ? ['Calls of the API server are bounded by number at a time, not by rate.']
      : []),
  ];
}
