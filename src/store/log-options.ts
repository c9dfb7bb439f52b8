import type { CheckpointSigner } from '#audit/checkpoint.ts';
import type { RedactableField } from '#audit/disclosure.ts';
import type { Clock } from '#issuance/ports.ts';
import type { Cosigning } from './cosigning.ts';

/** What a log is opened with, whichever engine holds it. */
export interface LogOptions {
  /** This server's own, made when it is not there; one server at a time. An embedded store is in it. */
  readonly directory: string;
  /** Directory of tiles, bundles and checkpoint. */
  readonly publicDirectory: string;
  /** File that keeps the last signed checkpoint: on another volume, so that no one backup puts both back. */
  readonly guard: string;
  readonly signer: CheckpointSigner;
  readonly clock: Clock;
  /** Who sees a checkpoint before it is published; absent: nobody. */
  readonly cosigning?: Cosigning | undefined;
  /** ms between a commit and its publication; 500 unless told, at most 1,000. */
  readonly publishInterval?: number;
  /** Records accepted and not yet durable; 4,096 unless told. */
  readonly maxOutstanding?: number;
  /** Records in one commit; 256 unless told. */
  readonly maxBatch?: number;
  /** ms that a record may wait for those that are about to follow it; 10 unless told. */
  readonly linger?: number;
  /** Fields whose values stand beside the log, so that they can be erased; none unless told. */
  readonly redactable?: readonly RedactableField[];
  /** Octets of one entry; 16,384 unless told. */
  readonly maxEntry?: number;
  /** File of the inventory; beside the store unless told. It may be deleted at any time. */
  readonly inventory?: string;
  /** Called once when the log can no longer be written: nothing more is released; the server has to end. */
  readonly onFailed?: (cause: unknown) => void;
  /** Called when the store is out of reach, with what is in the way, and with undefined once it is not. An embedded one never is. */
  readonly onReach?: (problem: string | undefined) => void;
  /** Called for each round of publication that failed; it is tried again. */
  readonly onPublishFailed?: (cause: unknown) => void;
}

export function publishInterval(options: LogOptions): number {
  return Math.min(options.publishInterval ?? 500, 1_000);
}
