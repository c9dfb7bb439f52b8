import type { OwnKeyType } from '../schema/own-key-type.ts';
import type { KubeconfigFile } from './kubeconfig.ts';

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
