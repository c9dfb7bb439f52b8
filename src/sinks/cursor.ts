/** How far a sink has everything, and what its driver wants to be reminded of. */
export interface Place {
  /** The first entry that the sink may not have. */
  readonly next: number;
  readonly memo?: string;
}

/** The right to deliver to one sink, which one server at a time has. */
export interface Held {
  readonly place: Place;
  /** No longer ours, as far as is known. */
  readonly lost: boolean;
  /** Durable when it resolves. A crash before it means that what was sent since is sent once more. */
  save(place: Place): Promise<void>;
  release(): Promise<void>;
}

/** Where cursors are kept, so that a successor finds them. */
export interface Cursors {
  /** Undefined while another server delivers to this sink. */
  hold(sink: string): Promise<Held | undefined>;
}
