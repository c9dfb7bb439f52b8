import { duration, flag, list, oneOf, optional, optionalSection, path, section, share, text } from './field.ts';
import { ownKeyTypes } from './own-key-type.ts';

/** Left out values are those of istio-csr, so that either may take over from the other. */
export const distribution = section(
  'What is written into the Kubernetes cluster beside certificates; left out, nothing is. One replica writes, the others stand by',
  {
    kubeconfig: optional(
      path("Who we are at the API server, and where it is; left out, our pod's own service account"),
    ),
    context: optional(text('A context of the kubeconfig; left out, its current one')),
    lease: optionalSection('The Lease that decides who writes', {
      namespace: text('Its namespace', { default: 'istio-system' }),
      name: text('Its name; while istio-csr is being replaced it must be the one that istio-csr holds', {
        default: 'istio-csr',
      }),
    }),
    rootConfigMap: optionalSection('The roots as a ConfigMap in every namespace, where sidecars find them', {
      enabled: flag('Whether it is written', { default: true }),
      name: text('Its name', { default: 'istio-ca-root-cert' }),
      key: text('The key in it', { default: 'root-cert.pem' }),
      namespaceSelector: optional(
        text('A label selector, such as `istio-injection=enabled,env in (prod, test)`; left out, all namespaces'),
      ),
    }),
    crlConfigMap: optional(
      section(
        'The CRLs of all CAs as a ConfigMap in every namespace, where sidecars and ztunnel find them: see `revocation`. Written once there is one of every CA, since proxies refuse every chain with a CA that has none',
        {
          name: text('Its name', { default: 'istio-ca-crl' }),
          key: text('The key in it', { default: 'ca-crl.pem' }),
          namespaceSelector: optional(text('A label selector, as of `rootConfigMap`; left out, all namespaces')),
        },
      ),
    ),
    clusterTrustBundle: optional(
      section('The roots as a ClusterTrustBundle, where the cluster serves that kind and istiod does not write it', {
        name: text('Its name', { default: 'istio.io:istiod-ca:root-cert' }),
        signerName: text('The signer that it is linked to; `none` for no signer', { default: 'istio.io/istiod-ca' }),
      }),
    ),
    istiod: optional(
      section("istiod's own certificate, as a Secret that its chart mounts", {
        namespace: text('Where istiod is', { default: 'istio-system' }),
        secret: text('Name of the Secret', { default: 'istiod-tls' }),
        certificate: optional(
          section(
            "Instead of writing the Secret: a Certificate of cert-manager's, under the issuer of the default `issuers` entry, which has certManager; cert-manager then makes the Secret. As istio-csr's dynamic mode, whose rights are enough for it",
            {
              name: text('Its name', { default: 'istiod-dynamic' }),
              annotations: list(
                'What it is annotated with',
                section('One annotation', {
                  name: text('Its name'),
                  value: optional(text('Its value; left out, an empty one')),
                }),
                { default: [] },
              ),
            },
          ),
        ),
        serviceAccount: text("istiod's service account, which is its SPIFFE ID", { default: 'istiod-service-account' }),
        revisions: list('All revisions of istiod; `default` is the one without a name', text('A revision'), {
          default: ['default'],
          minItems: 1,
        }),
        additionalDnsNames: list('Further names of istiod, such as that of its gateway', text('A DNS name'), {
          default: [],
        }),
        keyType: oneOf('Type of its key', ownKeyTypes, { default: 'rsa:2048' }),
        lifetime: duration('Lifetime, at least 10m', { default: '1h' }),
        renewAt: share(
          'Part of the lifetime after which it is renewed',
          { minimum: 0.1, maximum: 0.9 },
          { default: 0.5 },
        ),
      }),
    ),
  },
);
