import type { DroppedRange } from '#audit/dropped.ts';
import type { TlogProof } from '#audit/tlog-proof.ts';
import type { AuditLog } from '#issuance/ports.ts';
import type { BegunDrop } from './begun-drop.ts';
import type { DropPlan } from './drop-plan.ts';

/** A log in a store: what every engine gives. */
export interface DurableLog extends AuditLog {
  readonly origin: string;
  /** Root of the tree of `size` durable records. */
  root(): Uint8Array;
  /** The newest published checkpoint, a signed note; undefined before the first. */
  checkpoint(): string | undefined;
  /** Size that the newest published checkpoint speaks of. */
  readonly publishedSize: number;
  /** Whether so many entries are published, once they are: false where the log has fewer, or the signal comes first. */
  covered(size: number, signal: AbortSignal): Promise<boolean>;
  /** Publishes all that is durable now, without waiting for the interval. */
  publish(): Promise<void>;
  /** Audit path of leaf `index` in the tree of `size` (RFC 6962 §2.1.1). */
  inclusionProof(index: number, size: number): Promise<Uint8Array[]>;
  /** Proof that the tree of `older` is a prefix of the tree of `newer` (RFC 6962 §2.1.2). */
  consistencyProof(older: number, newer: number): Promise<Uint8Array[]>;
  /**
   * Proof that the entry at `index` is in the published tree, with the entry. Waits for the checkpoint that covers it,
   * and rejects for the signal's reason if that comes first.
   */
  tlogProof(index: number, signal?: AbortSignal): Promise<TlogProof>;
  /** Octets of one entry; undefined when there is none, or only its hash is left. */
  entry(index: number): Promise<Uint8Array | undefined>;
  /**
   * Octets of entries [from, to), at most 1,000 at a time: fewer come back when the log is shorter, and none
   * for those of which only the hash is left.
   */
  entries(from: number, to: number): Promise<Uint8Array[]>;
  /** Dropping bodies for good, as records `log.pruned` say. */
  readonly retention: Retention;
  /** Takes note of all that other replicas have added until now. Rejects where the store is out of reach. */
  catchUp(): Promise<void>;
  readonly metrics: LogMetrics;
  /** Writes what has been accepted, publishes, lets go. */
  close(): Promise<void>;
}

/** Numbers as they are now. */
export interface LogMetrics {
  /** Records accepted and not yet durable. */
  readonly outstanding: number;
  /** Batches and records made durable since the start. */
  readonly batches: number;
  readonly records: number;
  /** Durable records that no published checkpoint covers yet. */
  readonly unpublished: number;
}

/** Takes bodies from a log and leaves their hashes. Whoever uses it records first what it does. */
export interface Retention {
  /** Whether it is this replica that drops. */
  leads(): Promise<boolean>;
  /** What may be dropped of a group of bundles below entry `below`: nothing of it was of use after `until`, ms. */
  plan(group: number, below: number, until: number): Promise<DropPlan>;
  /** What is said by a record before the first body of it has gone. */
  readonly begun: BegunDrop;
  /** What was dropped until now, by record. */
  dropped(): Promise<readonly DroppedRange[]>;
  /**
   * Removes from the store what the record says, which must be under a signed checkpoint; goes on with what was begun. Ends
   * half way where the signal says so.
   */
  drop(record: number, signal: AbortSignal): Promise<void>;
  /** Erases for good the disclosures that the record `log.redacted` names, which must be under a signed checkpoint. */
  erase(record: number): Promise<void>;
  /** Takes away what was dropped from what is published here. */
  withdraw(signal: AbortSignal): Promise<void>;
}
