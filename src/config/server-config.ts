import type { RedactableField } from '#audit/disclosure.ts';
import type { Grant } from '#authn/admin/role-table.ts';
import type { TokenAlgorithm } from '#authn/oidc/token-algorithm.ts';
import type { FairnessLimits } from '#issuance/fairness/limits.ts';
import type { SecretSource } from '#keys/secret-source.ts';
import type { SinkSettings } from '#sinks/settings.ts';
import type { TrustDomain } from '#spiffe/spiffe-id.ts';
import type { S3Settings } from '#store/archive/s3-settings.ts';
import type { PostgresSettings } from '#store/postgres/settings.ts';
import type { OwnKeyType } from './schema/own-key-type.ts';

/** The configuration as the composition root uses it: paths absolute, lengths of time in ms unless named otherwise. */
export interface ServerConfig {
  readonly trustDomain: TrustDomain;
  readonly trustDomainAliases: readonly TrustDomain[];
  readonly instance: { readonly name: string };
  readonly istio: IstioConfig;
  readonly admin: AdminConfig;
  readonly fairness: FairnessLimits;
  /** In the order in which they are asked; never empty. */
  readonly authenticators: readonly AuthenticatorConfig[];
  /** Never empty; names are unique. */
  readonly issuers: readonly IssuerConfig[];
  readonly defaultIssuer: string;
  /** Policy files; never empty. */
  readonly trustBundle: {
    /** How long a root stays that left the files, ms; 0 lets go at once. */
    readonly overlapMs: number;
  };
  /** Absent: no objects of a cluster are answered. */
  readonly clusterRequests?: ClusterRequestsConfig;
  /** Absent: nothing can be revoked. */
  readonly revocation?: RevocationConfig;
  /** Absent: no log of others is witnessed here. */
  readonly witness?: WitnessConfig;
  /** Absent: the admin API is not served. */
  readonly api?: ApiConfig;
  readonly policies: readonly string[];
  readonly audit: AuditConfig;
  /** Names are unique. */
  readonly exports: readonly SinkSettings[];
  /** Absent: nothing is written into a cluster. */
  readonly distribution?: DistributionConfig;
  readonly csr: { readonly blocklists: readonly string[]; readonly newRequestLabel: 'accept' | 'refuse' };
  readonly fips: { readonly level: 'off' | 'policy' };
  readonly telemetry: TelemetryConfig;
  readonly shutdown: { readonly graceMs: number };
}

export interface RevocationConfig {
  readonly documents: readonly string[];
  readonly directory: string;
  readonly upperCrls: readonly string[];
  readonly listen: ListenAddress;
  readonly maxConnections: number;
  /** Without a slash at its end. */
  readonly url?: string;
  readonly crlLifetimeSeconds: number;
  readonly ocspLifetimeSeconds: number;
}

export interface WitnessConfig {
  readonly name: string;
  /** Files. */
  readonly keys: readonly string[];
  /** Vkeys. */
  readonly logs: readonly string[];
  readonly directory: string;
  readonly listen: ListenAddress;
  readonly maxConnections: number;
  readonly perSecond: number;
}

export interface ApiConfig {
  readonly listen: ListenAddress;
  readonly serving: ServingConfig;
  /** PEM file of the CAs of client certificates; absent: these prove nothing. */
  readonly clientRoots?: string;
  /** Absent: a token proves nothing. */
  readonly oidc?: OidcTokenConfig;
  /** Never empty. */
  readonly grants: readonly Grant[];
  readonly limits: {
    readonly maxConnections: number;
    readonly connectionsPerSecond: number;
    readonly maxInFlight: number;
    readonly maxInFlightEach: number;
    readonly perSecond: number;
    readonly maxStreams: number;
    readonly maxStreamsEach: number;
  };
}

interface ServingConfig {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly keyType: OwnKeyType;
  readonly lifetimeSeconds: number;
  /** Part of the lifetime. */
  readonly renewAt: number;
}

/** Port 0 lets the system choose. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

interface AdminConfig {
  readonly listen: ListenAddress;
  readonly maxConnections: number;
  readonly probe?: { readonly listen: ListenAddress; readonly path: string };
}

export interface DoorTlsConfig {
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** OpenSSL's names, as those of `groups`. */
  readonly ciphers?: readonly string[];
  readonly groups?: readonly string[];
}

interface IstioConfig {
  readonly listen: ListenAddress;
  readonly dialect: 'istiod' | 'istio-csr';
  readonly serving: ServingConfig;
  readonly maxCertificateLifetimeSeconds?: number;
  readonly tls: DoorTlsConfig;
  readonly limits: {
    readonly maxConcurrentCalls: number;
    readonly callTimeoutMs: number;
    readonly maxConnections: number;
    readonly maxRequestBytes: number;
  };
}

export type AuthenticatorConfig = { readonly kind: 'client-cert' } | OidcConfig | KubernetesConfig | XfccConfig;

export interface OidcTokenConfig {
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly audienceForm: 'any' | 'array';
  /** `ca` is a PEM file. */
  readonly jwks: { readonly url: string; readonly ca?: string } | { readonly file: string };
  readonly algorithms: readonly TokenAlgorithm[];
  readonly clockToleranceSeconds: number;
}

export interface OidcConfig extends OidcTokenConfig {
  readonly kind: 'oidc';
  /** A template for `templateMapping`; absent: `sub` is a Kubernetes service account. */
  readonly identity?: string;
}

export interface KubeconfigFile {
  readonly path: string;
  readonly context?: string;
}

export interface KubernetesConfig {
  readonly kind: 'k8s-token';
  readonly mode: 'review' | 'local' | 'local-then-review';
  readonly audiences: readonly string[];
  readonly cluster: string;
  /** Alias → cluster id. */
  readonly clusterAliases: ReadonlyMap<string, string>;
  /** Absent: the service account of our own pod. */
  readonly kubeconfig?: KubeconfigFile;
  readonly timeoutMs: number;
  readonly unboundTokens: 'refuse' | 'accept';
  /** `namespace/name` of the service accounts whose pods act for those of their node. */
  readonly trustedNodeAccounts: readonly string[];
  /** Absent: this cluster alone. */
  readonly remoteClusters?: RemoteClustersConfig;
  readonly local: { readonly staleAfterMs: number; readonly serveForMs: number; readonly issuers: readonly string[] };
}

export interface RemoteClustersConfig {
  /** Of the Secrets with their kubeconfigs. */
  readonly namespace: string;
  /** Fields of a kubeconfig that may be paths of this machine, by istiod's names. */
  readonly allowedPaths: readonly string[];
}

export interface XfccConfig {
  readonly kind: 'xfcc';
  /** In CIDR form; never empty. */
  readonly trustedProxies: readonly string[];
}

export interface Pkcs11KeyConfig {
  readonly kind: 'pkcs11';
  readonly uri: string;
  readonly module: string;
  readonly pin: SecretSource;
  readonly sessions: number;
}

export interface FileKeyConfig {
  readonly kind: 'file';
  readonly path: string;
  readonly passphrase?: SecretSource;
}

export interface MemoryKeyConfig extends OwnIntermediateConfig {
  readonly kind: 'memory';
  readonly root: { readonly certificate: string; readonly key: Pkcs11KeyConfig };
}

export type SigningKeyConfig = Pkcs11KeyConfig | FileKeyConfig;

export type IssuerConfig = KeyIssuerConfig | CertManagerIssuerConfig;

/** An issuer whose key we use. */
export interface KeyIssuerConfig {
  readonly kind: 'key';
  readonly name: string;
  readonly roots: string;
  /** `certificate` is the file of the issuer's certificate and the intermediates above it. */
  readonly key: (SigningKeyConfig & { readonly certificate: string }) | MemoryKeyConfig;
}

/** An issuer that somebody else's CA stands behind. */
export interface CertManagerIssuerConfig {
  readonly kind: 'cert-manager';
  readonly name: string;
  /** Absent: what the issuer names as its CA. */
  readonly roots?: string;
  readonly way: 'intermediate' | 'relay' | 'either';
  readonly requests: CertificateRequestsConfig;
  readonly intermediate: OwnIntermediateConfig;
}

/** At least one of `issuer` and `runtime` is there. */
export interface CertificateRequestsConfig {
  /** Absent: the service account of our own pod. */
  readonly kubeconfig?: KubeconfigFile;
  readonly namespace: string;
  readonly issuer?: { readonly name: string; readonly kind: string; readonly group: string };
  readonly runtime?: { readonly configMap: string; readonly namespace: string };
  readonly annotations: Readonly<Record<string, string>>;
  readonly preserve: boolean;
  readonly timeoutMs: number;
  readonly maxInFlight: number;
}

export interface OwnIntermediateConfig {
  readonly subject: { readonly commonName: string; readonly organization?: string };
  readonly keyType: OwnKeyType;
  readonly lifetimeSeconds: number;
  /** Part of the lifetime. */
  readonly renewAt: number;
}

/** Of the three kinds those that are there are answered. */
export interface ClusterRequestsConfig {
  readonly cluster: string;
  /** Absent: the service account of our own pod. */
  readonly kubeconfig?: KubeconfigFile;
  readonly lease: { readonly namespace: string; readonly name: string };
  /** Whether each signer's roots are kept as a ClusterTrustBundle. */
  readonly trustBundles: boolean;
  readonly podCertificates?: PodCertificatesConfig;
  readonly signingRequests?: SigningRequestsConfig;
  readonly certificateRequests?: ExternalIssuerConfig;
}

export interface ExternalIssuerConfig {
  readonly retryForMs: number;
  /** Whether an issuer is also a signer of CertificateSigningRequests by its name. */
  readonly signerNames: boolean;
  /** Whether policy approves those. */
  readonly approvesSignerNames: boolean;
}

export interface PodCertificatesConfig {
  readonly signerName: string;
  readonly issuer?: string;
}

export interface SigningRequestsConfig extends PodCertificatesConfig {
  /** `namespace/serviceaccount` each. */
  readonly requesters: readonly string[];
  readonly appendRoot: boolean;
  /** Whether policy approves them. */
  readonly approves: boolean;
}

interface ConfigMapConfig {
  readonly name: string;
  readonly key: string;
  readonly namespaceSelector: string;
}

export interface DistributionConfig {
  /** Absent: the service account of our own pod. */
  readonly kubeconfig?: KubeconfigFile;
  readonly lease: { readonly namespace: string; readonly name: string };
  readonly rootConfigMap?: ConfigMapConfig;
  readonly crlConfigMap?: ConfigMapConfig;
  readonly clusterTrustBundle?: { readonly name: string; readonly signerName: string };
  readonly istiod?: IstiodCertificateConfig;
}

export interface IstiodCertificateConfig {
  /** Present: cert-manager makes the Secret. */
  readonly certificate?: { readonly name: string; readonly annotations: Readonly<Record<string, string>> };
  readonly namespace: string;
  readonly secret: string;
  readonly serviceAccount: string;
  readonly revisions: readonly string[];
  readonly additionalDnsNames: readonly string[];
  readonly keyType: OwnKeyType;
  readonly lifetimeSeconds: number;
  /** Part of the lifetime. */
  readonly renewAt: number;
}

/** A key that signed the log before `audit.key`. `known`: it signs no more, and what it signed is still ours. */
export type PreviousKeyConfig =
  /** ms since the epoch */
  | { readonly kind: 'signs'; readonly key: SigningKeyConfig; readonly until: number }
  | { readonly kind: 'known'; readonly vkey: string };

/** Who cosigns our checkpoints. */
export interface WitnessesConfig {
  readonly who:
    | {
        readonly kind: 'list';
        readonly ask: readonly { readonly url: string; readonly vkeys: readonly string[] }[];
        readonly quorum: number;
      }
    | { readonly kind: 'policy'; readonly file: string };
  readonly timeoutMs: number;
  readonly without: 'continue' | 'withhold';
  readonly stopAfterMs?: number;
  /** A file. */
  readonly ca?: string;
}

export interface AuditConfig {
  readonly directory: string;
  /** Absent: an embedded database in the directory. */
  readonly store?: PostgresSettings;
  readonly origin: string;
  readonly key: SigningKeyConfig;
  readonly previousKeys: readonly PreviousKeyConfig[];
  readonly publish: string;
  readonly checkpointGuard?: string;
  /** Absent: nobody cosigns. */
  readonly witnesses?: WitnessesConfig;
  readonly includeCertificate: boolean;
  /** Fields whose values are kept beside the log. */
  readonly redactable: readonly RedactableField[];
  readonly copyTo: 'nowhere' | 'stdout';
  readonly lifetime: 'lasting' | 'passing';
  /** Absent: there is none. */
  readonly archive?: { readonly directory: string } | { readonly s3: S3Settings };
  /** Absent: every body stays. */
  readonly retention?: { readonly bodiesMs: number };
  readonly maxSkewMs: number;
}

export interface TelemetryConfig {
  readonly logs: {
    readonly format: 'auto' | 'json' | 'text';
    readonly level: 'debug' | 'info' | 'warn' | 'error';
  };
  readonly tracing?: { readonly endpoint: string; readonly sampleRatio: number };
}
