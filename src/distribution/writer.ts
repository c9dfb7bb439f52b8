import type { KubernetesApi } from '#kubernetes/api.ts';
import type { Pace } from '#kubernetes/pace.ts';
import type { QueueObserver } from '#kubernetes/queue-observer.ts';
import type { Outcome } from './bring.ts';

/** Kinds of objects that are written, as metrics name them. */
export type Written = 'configmap' | 'clustertrustbundle' | 'secret' | 'certificate';

/** Queues of controllers, as metrics name them. */
export type QueueName =
  | 'root-configmaps'
  | 'crl-configmaps'
  | 'clustertrustbundles'
  | 'istiod-secret'
  | 'istiod-certificate';

export interface DistributionObserver {
  /** A write, or the attempt at one, that ended so. */
  wrote(kind: Written, outcome: Outcome | 'failed'): void;
  /** Worth a line in the log; says nothing secret. */
  told(level: 'info' | 'warn', kind: Written | 'lease', message: string): void;
}

/** What every controller here stands on. */
export interface Surroundings {
  readonly api: KubernetesApi;
  /** Of the lease; undefined while another holds it. Asked before every write. */
  readonly term: () => AbortSignal | undefined;
  /** PEM of all live roots. */
  readonly bundle: () => string;
  readonly observer: DistributionObserver;
  readonly queueObserver?: (name: QueueName) => QueueObserver;
  readonly pace: Pace;
}

/** Something that is kept where it has to be for as long as we hold the lease. */
export interface Controller {
  start(): void;
  /** Looks at everything again: the lease was won, or the roots or CRLs changed. */
  refresh(): void;
  /** Pieces of work that wait. */
  readonly waiting: number;
  stop(): Promise<void>;
}
