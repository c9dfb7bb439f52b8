import type { OwnKeyType } from '../schema/own-key-type.ts';

export interface ServingConfig {
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
