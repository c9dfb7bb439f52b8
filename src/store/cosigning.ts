/** A checkpoint that is signed and not yet published. */
export interface Submission {
  /** The signed note. */
  readonly note: string;
  /** Proof that the tree of `older` entries is a beginning of it. */
  proof(older: number): Promise<readonly Uint8Array[]>;
  /** Entries in the log by now, whoever has added them. */
  grown(): Promise<number>;
}

export interface Cosigned {
  /** The same note, with all cosignatures that are known of it. */
  readonly note: string;
  readonly mayPublish: boolean;
  /** Enough have cosigned: there is nothing to ask again for. */
  readonly complete: boolean;
}

/** Whoever has to see a checkpoint before it is shown. */
export interface Cosigning {
  /** Bounded in time; never rejects. */
  gather(submission: Submission): Promise<Cosigned>;
}
