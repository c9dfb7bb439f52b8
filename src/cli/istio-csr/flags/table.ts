import type { FlagFact } from './flag.ts';
import * as readers from './readers.ts';

type More = Pick<FlagFact<unknown>, 'short'>;

const text = (initial: string, about: string, more: More = {}): FlagFact<string> => ({
  reader: readers.text,
  initial,
  shown: initial,
  about,
  ...more,
});
const truth = (initial: boolean, about: string, more: More = {}): FlagFact<boolean> => ({
  reader: readers.truth,
  initial,
  shown: String(initial),
  about,
  ...more,
});
const integer = (initial: number, about: string, more: More = {}): FlagFact<number> => ({
  reader: readers.integer,
  initial,
  shown: String(initial),
  about,
  ...more,
});
const count = (initial: number, about: string, more: More = {}): FlagFact<number> => ({
  ...integer(initial, about, more),
  reader: readers.count,
});
const duration = (shown: string, about: string, more: More = {}): FlagFact<number> => ({
  reader: readers.duration,
  initial: readers.duration.read(shown, undefined),
  shown,
  about,
  ...more,
});
const list = (initial: readonly string[], about: string): FlagFact<readonly string[]> => ({
  reader: readers.list,
  initial,
  shown: initial.join(','),
  about,
});
const texts = (about: string): FlagFact<readonly string[]> => ({ ...list([], about), reader: readers.texts });
const map = (about: string): FlagFact<ReadonlyMap<string, string>> => ({
  reader: readers.map,
  initial: new Map(),
  shown: '',
  about,
});

/** Every flag of istio-csr with its default (contract istio-ca §4.1), in its own order. */
export const istioCsrFlags = {
  'log-level': count(1, 'how much is logged, 1 to 5; from 3 on every certificate', { short: 'v' }),
  'log-format': text('text', 'text or json'),
  'readiness-probe-port': integer(6060, 'port of the readiness probe'),
  'readiness-probe-path': text('/readyz', 'path of the readiness probe'),
  'metrics-port': integer(9402, 'port of /metrics, on all interfaces'),
  'trust-domain': text('cluster.local', 'SPIFFE trust domain of the mesh'),
  'root-ca-file': text('', 'PEM bundle that clients are told to trust; empty: what the issuers have'),
  'serving-certificate-duration': duration('1h', "lifetime of the server's own certificate; renewed at two thirds", {
    short: 't',
  }),
  'serving-certificate-dns-names': list(
    ['cert-manager-istio-csr.cert-manager.svc'],
    "DNS names of the server's own certificate",
  ),
  'serving-certificate-key-size': integer(2048, 'bits of its key; 256 or 384 for ECDSA'),
  'serving-signature-algorithm': text('RSA', 'RSA or ECDSA'),
  'serving-tls-cipher-suites': list([], 'suites of TLS 1.2 by their IANA names; empty: the usual ones'),
  'serving-tls-min-version': text('', 'VersionTLS12 or VersionTLS13; empty: TLS 1.2'),
  'serving-tls-curve-preferences': list([], 'groups such as X25519, CurveP256 or 4588; empty: the usual ones'),
  'preserve-certificate-requests': truth(false, 'keep CertificateRequests that are done', { short: 'd' }),
  'certificate-namespace': text('istio-system', 'namespace of CertificateRequests', { short: 'c' }),
  'issuer-enabled': truth(true, "whether cert-manager's issuer of the next three flags signs", { short: 'e' }),
  'issuer-name': text('istio-ca', 'its name', { short: 'u' }),
  'issuer-kind': text('Issuer', 'its kind', { short: 'k' }),
  'issuer-group': text('cert-manager.io', 'its API group', { short: 'g' }),
  'runtime-issuance-config-map-name': text('', 'ConfigMap that names the issuer while the server runs'),
  'runtime-issuance-config-map-namespace': text('', 'its namespace'),
  'certificate-request-additional-annotations': map('annotations that every CertificateRequest gets'),
  'serving-address': text('0.0.0.0:6443', 'address of the gRPC service', { short: 'a' }),
  'max-client-certificate-duration': duration('1h', 'longest lifetime of a workload certificate', { short: 'm' }),
  'cluster-id': text('Kubernetes', "this cluster's id, as agents send it"),
  'enable-client-cert-authenticator': truth(false, 'let a living client certificate prove who asks'),
  'ca-trusted-node-accounts': list([], 'NAMESPACE/NAME of service accounts that may ask for others on their node'),
  'leader-election-namespace': text('istio-system', 'namespace of the Lease "istio-csr"'),
  'configmap-namespace-selector': text('', 'label selector: namespaces that get istio-ca-root-cert; empty: all'),
  'disable-kubernetes-client-rate-limiter': truth(false, 'no limit on calls of the Kubernetes API'),
  'max-concurrent-reconciles': integer(1, 'ConfigMaps written at the same time, at least 1'),
  'istiod-cert-enabled': truth(false, "keep istiod's own certificate in the Secret istiod-tls"),
  'istiod-cert-name': text('istiod-dynamic', 'name of the Certificate object'),
  'istiod-cert-namespace': text('istio-system', "istiod's namespace"),
  'istiod-cert-duration': duration('1h', 'its lifetime'),
  'istiod-cert-renew-before': duration('30m', 'how long before its end it is renewed'),
  'istiod-cert-key-algorithm': text('RSA', 'RSA or ECDSA'),
  'istiod-cert-key-size': integer(2048, 'bits: RSA 2048 and more, ECDSA 256 or 384; 0 is 2048 or 256'),
  'istiod-cert-additional-dns-names': list([], 'more DNS names'),
  'istiod-cert-additional-annotations': map('annotations of the Certificate object'),
  'istiod-cert-istio-revisions': list([], 'revisions of istiod; empty: default'),
  kubeconfig: text('', 'who we are at the API server; empty: our own pod'),
  context: text('', 'a context of the kubeconfig'),
  cluster: text('', 'a cluster of the kubeconfig'),
  user: text('', 'a user of the kubeconfig'),
  namespace: text('', 'a namespace of the kubeconfig', { short: 'n' }),
  server: text('', 'address of the API server', { short: 's' }),
  token: text('', 'bearer token for the API server'),
  as: text('', 'user to act as'),
  'as-group': texts('group to act as'),
  'as-uid': text('', 'UID to act as'),
  'certificate-authority': text('', "file of the API server's CA"),
  'client-certificate': text('', 'file of a client certificate'),
  'client-key': text('', 'file of its key'),
  'insecure-skip-tls-verify': truth(false, "do not check the API server's certificate"),
  'tls-server-name': text('', "name in the API server's certificate"),
  'request-timeout': text('0', 'longest time of one call of the Kubernetes API; 0: none of its own'),
  'cache-dir': text('', 'folder of a cache'),
  'disable-compression': truth(false, "no compression of the API server's answers"),
} as const;

/** What we ask besides; no name of istio-csr's is taken. */
export const ownFlags = {
  config: text('', 'what these flags cannot say: issuers, the log, policies (default: countersign.yaml in the home)'),
  home: text('', 'where the CA lives (default: COUNTERSIGN_HOME, else .countersign)'),
  'ready-file': text('', 'write the addresses there as JSON once the server is ready'),
} as const;

export const allFlags = { ...istioCsrFlags, ...ownFlags } as const;
