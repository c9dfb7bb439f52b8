import type { IssuanceRequest, IssuedFacts } from '#issuance/request.ts';
import type { KubernetesObject } from '#kubernetes/api.ts';
import type { Refusal } from '#refusal/refusal.ts';

/** An object by which a cluster asks for a certificate, waiting for its answer. */
export interface WaitingRequest {
  /** Empty for what is cluster-scoped. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** What is handed over. */
export type Handed = Pick<IssuedFacts, 'leaf' | 'intermediates' | 'roots'>;

/** The answer to a refusal: tried again, nobody's to answer, or said to the object for good. */
export type Said = 'later' | 'leave' | { readonly status: KubernetesObject };

/** What is wrong with a request itself, before anybody is asked whom it is for. */
export interface Flaw {
  readonly refusal: Refusal;
  readonly status: KubernetesObject;
}

/** One kind of such objects: how it is read, asked for and answered. Pure. `now` in ms. */
export interface RequestKind<Request extends WaitingRequest> {
  readonly group: string;
  /** Newest first. */
  readonly versions: readonly string[];
  readonly plural: string;
  /** What of them is ours. */
  readonly fieldSelector: string;
  /** Undefined for one that is answered, taken back, or not to be answered yet. Throws Error for what no API server lets through. */
  read(object: KubernetesObject): Request | undefined;
  flaw(request: Request, now: number): Flaw | undefined;
  attempt(request: Request): IssuanceRequest;
  issued(request: Request, handed: Handed, now: number): KubernetesObject;
  refused(request: Request, refusal: Refusal, now: number): Said;
  /** Whether the API server, or who asked, no longer takes what was signed then. */
  isStale(handed: Handed, now: number): boolean;
}
