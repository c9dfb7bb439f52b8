/** The tree's head as it was committed. */
export interface Head {
  readonly size: number;
  readonly root: Uint8Array;
  /** Time of the newest entry, ms since the epoch. */
  readonly time: number;
}
