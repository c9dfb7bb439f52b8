import type { ListenAddress, ServingConfig } from './serving.ts';

export interface AdminConfig {
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

export interface IstioConfig {
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
