/** Why a token was not judged here although it could have been: what made the API server be asked. */
export type Doubt =
  /** No event, bookmark or list for too long, or the first list is not there yet. */
  | 'stale-view'
  /** Not published, or not yet. */
  | 'unknown-key'
  /** The keys could not be read, or not for too long. */
  | 'keys-unavailable'
  /** An object was not in the view and could not be asked for. */
  | 'live-get'
  /** Not a service-account token of this cluster's issuer. */
  | 'foreign-token';

/** What Kubernetes callers cost and how they are proven, for whoever counts. Must not throw. */
export interface TokenObserver {
  /** `why` is `mode` where every token is reviewed. */
  reviewed(why: Doubt | 'mode', outcome: 'proven' | 'refused' | 'unavailable'): void;
  gotLive(kind: 'pods' | 'serviceaccounts' | 'nodes', outcome: 'found' | 'gone' | 'unavailable'): void;
  readKeys(outcome: 'read' | 'unavailable'): void;
  /** A caller was proven from a view that is stale, the API server being away. */
  servedStale(): void;
}
