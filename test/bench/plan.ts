/** How long and how often things are measured. */
export interface Effort {
  /** Seconds of steady load per run. */
  readonly seconds: number;
  /** Seconds of load on a server that has just started, before anything counts. */
  readonly warmUp: number;
  /** Runs of each server, interleaved with those of the one that it is compared with. */
  readonly rounds: number;
  readonly concurrencies: readonly number[];
  /** Repetitions of each part. */
  readonly parts: number;
}

export const whole: Effort = { seconds: 2, warmUp: 5, rounds: 5, concurrencies: [1, 16, 128], parts: 5000 };
export const quick: Effort = { seconds: 1, warmUp: 2, rounds: 1, concurrencies: [1, 16, 128], parts: 500 };
/** As little as has the shape of a result. */
export const tiny: Effort = { seconds: 0.2, warmUp: 0, rounds: 1, concurrencies: [4], parts: 50 };
