import { duration, list, oneOf, optional, optionalSection, path, section, text } from './field.ts';
import { oidcToken } from './oidc-token.ts';

const oidc = section('A bearer token of an OpenID Connect issuer', {
  ...oidcToken,
  identity: optional(
    text(
      'The SPIFFE ID with claims in braces, such as spiffe://cluster.local/ns/{team}/sa/{service}; left out, `sub` must be a Kubernetes service account',
    ),
  ),
});

const kubernetes = section('A Kubernetes service-account token', {
  mode: oneOf(
    'review: the API server is asked about every token; local: signature, claims and what it is bound to are checked here; local-then-review: likewise, and tokens of other issuers are reviewed',
    ['review', 'local', 'local-then-review'],
    { default: 'review' },
  ),
  audiences: list('A token must be meant for one of these', text('An `aud`'), { default: ['istio-ca'], minItems: 1 }),
  cluster: text("This cluster's id, as agents send it in `clusterid`", { default: 'Kubernetes' }),
  clusterAliases: list(
    'Other names of clusters',
    section('One name', { alias: text('What agents send'), cluster: text('The cluster id that is meant') }),
    { default: [] },
  ),
  kubeconfig: optional(path("Who we are at the API server, and where it is; left out, our pod's own service account")),
  context: optional(text('A context of the kubeconfig; left out, its current one')),
  timeout: duration('For one question to the API server, 1s to 9s', { default: '4s' }),
  unboundTokens: oneOf('Whether a token counts that is bound to no pod, as VMs have', ['refuse', 'accept'], {
    default: 'refuse',
  }),
  trustedNodeAccounts: list(
    'Whose pods may ask for the identities of the pods on their own node, as ztunnel does; left out, nobody',
    text('A service account, namespace/name, such as istio-system/ztunnel'),
    { default: [] },
  ),
  remoteClusters: optional(
    section(
      'Other clusters whose workloads are callers, by the Secrets that Istio has for them: label istio/multiCluster=true, each key a cluster id, each value a kubeconfig; followed while we run',
      {
        namespace: text('Where the Secrets are', { default: 'istio-system' }),
        allowedPaths: list(
          'Paths of this machine that their kubeconfigs may name; left out, none: whoever writes such a Secret could have our files read. Commands never',
          oneOf('A field', ['certificateAuthority', 'clientCertificate', 'clientKey', 'tokenFile']),
          { default: [] },
        ),
      },
    ),
  ),
  local: optionalSection(
    'What goes with the modes local and local-then-review; the times also with trustedNodeAccounts',
    {
      staleAfter: duration('Time without a word from a watch after which the API server is asked, 40s to 10m', {
        default: '60s',
      }),
      serveFor: duration(
        'Time without a word after which, the API server being away, callers are told to come again, at most 24h',
        { default: '10m' },
      ),
      issuers: list('Accepted `iss` besides the one that the API server publishes', text('An `iss`'), { default: [] }),
    },
  ),
});

const xfcc = section(
  'The client certificate that a proxy has verified, as it says in `x-forwarded-client-cert`: one SPIFFE ID of our trust domain in the last element',
  {
    trustedProxies: list(
      'Who may say so; nobody else, the own loopback neither',
      text('A network, such as 10.1.2.0/24 or 192.0.2.7/32'),
      { minItems: 1 },
    ),
  },
);

export const authenticators = list(
  'Ways to prove who is asking, tried in this order; the first that proves an identity wins',
  section('One way: exactly one of clientCertificate, oidc, kubernetes, xfcc', {
    clientCertificate: optional(section('A TLS client certificate of our own trust domain, as in a renewal', {})),
    oidc: optional(oidc),
    kubernetes: optional(kubernetes),
    xfcc: optional(xfcc),
  }),
  { minItems: 1 },
);
