/** What a delivery has to say: the server puts it on the record, the gauges and the operator's log. */
export type News =
  /** Delivery begins here, from this entry on. */
  | { readonly kind: 'started'; readonly sink: string; readonly from: number }
  /** The oldest entry that the sink does not have is older than it may be. */
  | ({ readonly kind: 'gap' } & Behind)
  /** The sink will never have these: it refused them, and they lie with the dead letters; or the log itself has only their hashes. */
  | {
      readonly kind: 'refused';
      readonly sink: string;
      readonly from: number;
      readonly to: number;
      readonly count: number;
      readonly error: string;
    }
  | ({ readonly kind: 'caught-up' } & Behind)
  | ({ readonly kind: 'standing' } & Standing);

export interface Behind {
  readonly sink: string;
  /** Entries [from, to) are missing there, or were. */
  readonly from: number;
  readonly to: number;
  readonly lagMs: number;
  readonly error?: string;
}

/** How a sink stands now. */
export interface Standing {
  readonly sink: string;
  /** Another server delivers: nothing else here means anything then. */
  readonly elsewhere: boolean;
  readonly next: number;
  readonly covered: number;
  /** Age of the oldest entry that the sink does not have, ms; 0 where it has all. */
  readonly lagMs: number;
  /** Since the start of this process. */
  readonly delivered: number;
  readonly refused: number;
  readonly failures: number;
  /** What was in the way of the last attempt; absent while nothing is. */
  readonly problem?: string;
}
