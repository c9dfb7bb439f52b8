import type { IssuanceObserver } from '#issuance/observer.ts';
import type { ApiEnd } from '../api-calls.ts';

export interface TracingOptions {
  /** URL of an OTLP/HTTP collector. */
  readonly endpoint: string;
  /** 0 to 1, for requests whose caller has not decided. */
  readonly sampleRatio: number;
  readonly version: string;
  readonly instance: string;
  /** Hears when spans could not be delivered. */
  readonly problem: (message: string) => void;
}

export interface Tracing {
  readonly observer: IssuanceObserver;
  /** Hears how requests of the admin API end. */
  readonly api: { ended(end: ApiEnd): void };
  /** Sends what waits; resolves within the export's time limit. */
  stop(): Promise<void>;
}
