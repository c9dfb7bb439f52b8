import type { Grant } from '#authn/admin/role-table.ts';
import type { OidcTokenConfig } from './authenticators.ts';
import type { ListenAddress, ServingConfig } from './serving.ts';

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
