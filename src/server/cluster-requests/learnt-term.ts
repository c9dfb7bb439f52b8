import { type Pace, pause } from '#kubernetes/pace.ts';

export interface LearntTermOptions {
  /** Our term as the lease has it. */
  readonly term: () => AbortSignal | undefined;
  /** Learns what others have put on the record before it; tried again where it rejects. */
  readonly learn: () => Promise<void>;
  /** The term counts from now on. */
  readonly onLearnt: () => void;
  readonly onTrouble: (reason: string) => void;
  readonly pace: Pace;
}

/** ms between two tries. */
const retryMs = 2_000;

/**
 * A term that begins once it is known what the replica before it put on the log that all share: until then a request that
 * it signed, and did not get to hand over, would be signed a second time.
 */
export class LearntTerm {
  readonly #options: LearntTermOptions;
  #learnt: AbortSignal | undefined;

  constructor(options: LearntTermOptions) {
    this.#options = options;
  }

  get current(): AbortSignal | undefined {
    const term = this.#options.term();
    return term === this.#learnt ? term : undefined;
  }

  /** Never rejects; ends with the term. */
  async begin(term: AbortSignal): Promise<void> {
    const { learn, onLearnt, onTrouble, pace } = this.#options;
    while (!term.aborted) {
      try {
        await learn();
        this.#learnt = term;
        onLearnt();
        return;
      } catch (thrown) {
        onTrouble(
          `what others have signed is not known yet: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
        );
        await pause(pace, retryMs, term);
      }
    }
  }
}
