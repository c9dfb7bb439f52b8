import type { OwnKeyType } from '../schema/own-key-type.ts';
import type { Pkcs11KeyConfig, SigningKeyConfig } from './keys.ts';
import type { KubeconfigFile } from './kubeconfig.ts';

export interface MemoryKeyConfig extends OwnIntermediateConfig {
  readonly kind: 'memory';
  readonly root: { readonly certificate: string; readonly key: Pkcs11KeyConfig };
}

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
