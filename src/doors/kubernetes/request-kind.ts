import type { ApprovedFacts, IssuanceRequest, IssuedFacts } from '#issuance/request.ts';
import type { KubernetesObject } from '#kubernetes/api.ts';
import type { Refusal } from '#refusal/refusal.ts';

/** An object by which a cluster asks for a certificate, waiting for its answer. */
export interface WaitingRequest {
  /** Empty for what is cluster-scoped. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Of what was read; there where the status is applied: nothing is written to what came after it. */
  readonly resourceVersion?: string;
}

/** What is handed over. */
export type Handed = Pick<IssuedFacts, 'leaf' | 'intermediates' | 'roots'>;

/** What is said in the object's status. */
export interface Word {
  readonly status: KubernetesObject;
  /** Where it is said, if not in the status proper. An approval is of the version that was read, and of no other. */
  readonly subresource?: 'approval';
  /** Said to people beside it, where the object stood differently before. */
  readonly event?: { readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly note: string };
}

/** The answer to a refusal: tried again (and perhaps a word meanwhile), nobody's to answer, or said for good. */
export type Said = 'later' | 'leave' | { readonly meanwhile: Word | undefined } | Word;

/** What is known of a request before anybody is asked whom it is for. */
export type Verdict =
  /** It can never be given. Put on the record; a word for good. */
  | { readonly refusal: Refusal; readonly word: Word }
  /** Somebody else decided: a word for good. */
  | { readonly settled: Word }
  /** It waits for another object, whose change brings it up again, or `againMs` does. A word, unless it has been said. */
  | { readonly waits: Word | undefined; readonly againMs?: number | undefined };

/** How requests of a kind are approved where that is left to policy. */
export interface Approving<Request extends WaitingRequest> {
  /** Whether nobody has decided about it: it is approved or denied then, and nothing else. */
  awaits(request: Request): boolean;
  approved(request: Request, by: ApprovedFacts, now: number): Word;
}

/** How the status is written: as a merge patch, or applied by us as the owner of these fields and no others. */
export type Writing = 'merge' | 'apply';

/** One kind of such objects: how it is read, asked for and answered. Pure. Times in ms. */
export interface RequestKind<Request extends WaitingRequest> {
  readonly group: string;
  /** Newest first. */
  readonly versions: readonly string[];
  readonly kind: string;
  readonly plural: string;
  /** What of them is ours; empty where no selector tells. */
  readonly fieldSelector: string;
  readonly writing: Writing;
  /** Whether one is looked at anew before anything is done: its status may be written by others, and more than once. */
  readonly looksAgain: boolean;
  /** Undefined for one that is answered, taken back, not ours, or not to be answered yet. Throws Error for what no API server lets through. */
  read(object: KubernetesObject): Request | undefined;
  /** Whether a change is nothing but what we wrote ourselves. */
  isOwnChange(before: Request, after: Request): boolean;
  verdict(request: Request, now: number): Verdict | undefined;
  attempt(request: Request): IssuanceRequest;
  issued(request: Request, handed: Handed, now: number): Word;
  /** `since`: when it was first tried in vain. */
  refused(request: Request, refusal: Refusal, now: number, since: number): Said;
  readonly approving?: Approving<Request>;
  /** Whether the API server, or who asked, no longer takes what was signed then. */
  isStale(handed: Handed, now: number): boolean;
}

export const isWord = (said: Said): said is Word => typeof said === 'object' && 'status' in said;
