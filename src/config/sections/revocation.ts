import type { ListenAddress } from './serving.ts';

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
