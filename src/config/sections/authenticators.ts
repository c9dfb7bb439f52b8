import type { TokenAlgorithm } from '#authn/oidc/token-algorithm.ts';
import type { KubeconfigFile } from './kubeconfig.ts';

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
