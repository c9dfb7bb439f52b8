import type { Answer } from '#audit/questions/answer.ts';
import type { Asked } from '#audit/questions/ask.ts';
import type { TlogProof } from '#audit/tlog-proof.ts';
import type { Evidence } from '#issuance/ports.ts';
import type { Administrator } from '#policy/administrator.ts';
import type { AuthorityStatus, HealthStatus, PoliciesInForce, ReloadOutcome, VersionStatus } from './answers.ts';

/** Who is at this door. Throws Refusal `authn.failed` or `authn.unavailable`. */
export interface AdministratorProof {
  authenticate(evidence: Evidence, signal: AbortSignal): Promise<Administrator>;
}

/** What this door shows of the house, and the one thing that it lets others do. */
export interface ApiViews {
  authority(): Promise<AuthorityStatus>;
  policies(): PoliciesInForce;
  health(): HealthStatus;
  readonly version: VersionStatus;
  /** Has the files of policies, roots, issuers and revocations looked at now. */
  reload(): Promise<ReloadOutcome>;
  readonly log: LogView;
  readonly inventory: InventoryView;
}

/** The log, for looking only. */
export interface LogView {
  readonly size: number;
  readonly publishedSize: number;
  /** The newest published checkpoint; undefined before the first. */
  checkpoint(): string | undefined;
  /** Undefined when there is none, or only its hash is left. */
  entry(index: number): Promise<Uint8Array | undefined>;
  /** Octets of entries [from, to): none come back past the log's end, and none of which only the hash is left. */
  entries(from: number, to: number): Promise<Uint8Array[]>;
  /** Waits for the checkpoint that covers the entry; rejects for the signal's reason if that comes first. */
  tlogProof(index: number, signal: AbortSignal): Promise<TlogProof>;
  consistencyProof(older: number, newer: number): Promise<Uint8Array[]>;
}

export interface InventoryView {
  ask(asked: Asked): Promise<Answer>;
  /** Indexes of the entries about a certificate, oldest first. */
  find(name: { readonly serial: string } | { readonly sha256: string }): Promise<number[]>;
}
