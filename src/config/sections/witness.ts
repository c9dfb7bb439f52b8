import type { ListenAddress } from './serving.ts';

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
