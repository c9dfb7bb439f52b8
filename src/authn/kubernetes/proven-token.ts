import type { CredentialFacts } from '#policy/caller.ts';
import { Refusal } from '#refusal/refusal.ts';

/** An object of the cluster and the one incarnation of it that is meant. */
export interface NamedObject {
  readonly name: string;
  readonly uid: string;
}

/** What is known of the holder of a service-account token once a cluster has vouched for it. */
export interface ProvenToken {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly serviceAccountUid?: string;
  /** Absent only where unbound tokens are taken. */
  readonly pod?: NamedObject;
  readonly node?: string;
  readonly nodeUid?: string;
  /** Those of the token that are ours; never empty. */
  readonly audiences: readonly string[];
  readonly credential: CredentialFacts;
}

/** One cluster's word on a token. */
export interface TokenProver {
  /**
   * Throws Refusal `authn.failed` for a token that does not count, `authn.unavailable` when that cannot be told now,
   * `overload` when too many are asking. Bounded in time.
   */
  prove(token: string, signal: AbortSignal): Promise<ProvenToken>;
}

/** `why` is for the log: it names a part of the token, and holds none of its text but names and times. */
export function refuseToken(why: string): never {
  throw new Refusal('authn.failed', `the service-account token is not taken: ${why}`);
}
