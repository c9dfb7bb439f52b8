import type { KubeconfigFile } from './kubeconfig.ts';

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
