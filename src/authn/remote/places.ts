import type { Pace } from '#kubernetes/pace.ts';
import { Refusal } from '#refusal/refusal.ts';
import type { ProvenToken, TokenProver } from '../kubernetes/proven-token.ts';

export interface PlacesOptions {
  /** Calls that the door takes at the same time. */
  readonly places: number;
  readonly pace: Pace;
}

/** ms without a word from a cluster whose callers wait, after which it has no more than its own share. */
const silentMs = 1000;

/**
 * What callers of remote clusters may hold of the door while they are proven: a quarter of its places is divided evenly,
 * so that each cluster always has its share, and another quarter is lent to whoever asks first, yet only while its API
 * server answers. However many of them hang, the others and our own have room.
 */
export class Places {
  readonly #options: PlacesOptions;
  readonly #provers = new Set<PlacedProver>();
  #held = 0;

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  /** Passes on to `prover` within these bounds. `onTurn` hears when its API server stops answering, and when it does again. */
  prover(prover: TokenProver, onTurn: (away: boolean) => void): PlacedProver {
    const { pace } = this.#options;
    const placed: PlacedProver = new PlacedProver({
      prover,
      pace,
      onTurn,
      mayTake: (own, silent) => own < this.#share || (!silent && this.#held < this.#options.places / 2),
      count: (change) => {
        this.#held += change;
      },
      leave: () => this.#provers.delete(placed),
    });
    this.#provers.add(placed);
    return placed;
  }

  get #share(): number {
    return Math.max(1, Math.floor(this.#options.places / 4 / this.#provers.size));
  }
}

interface Surroundings {
  readonly prover: TokenProver;
  readonly pace: Pace;
  readonly onTurn: (away: boolean) => void;
  readonly mayTake: (own: number, silent: boolean) => boolean;
  readonly count: (change: 1 | -1) => void;
  readonly leave: () => void;
}

/** The prover of one remote cluster, within its bounds. */
export class PlacedProver implements TokenProver {
  readonly #around: Surroundings;
  #inFlight = 0;
  #away = false;
  /** Of the steady clock: when it last answered, or was asked after having had nothing to answer. */
  #heardAt = 0;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /** The last that was asked of its API server was not answered. */
  get away(): boolean {
    return this.#away;
  }

  /** Throws as the prover itself; Refusal `overload` past the bounds. */
  async prove(token: string, signal: AbortSignal): Promise<ProvenToken> {
    const { prover, pace, mayTake, count } = this.#around;
    if (this.#inFlight === 0) this.#heardAt = pace.elapsed();
    const silent = this.#away || pace.elapsed() - this.#heardAt > silentMs;
    if (!mayTake(this.#inFlight, silent)) {
      throw new Refusal('overload', 'too many callers of this cluster wait for its API server');
    }
    this.#inFlight++;
    count(1);
    try {
      const proven = await prover.prove(token, signal);
      this.#heard();
      return proven;
    } catch (thrown) {
      if (thrown instanceof Refusal && thrown.code === 'authn.failed') this.#heard();
      if (thrown instanceof Refusal && thrown.code === 'authn.unavailable') this.#turn(true);
      throw thrown;
    } finally {
      this.#inFlight--;
      count(-1);
    }
  }

  /** Its share goes to the others. */
  leave(): void {
    this.#around.leave();
  }

  #heard(): void {
    this.#heardAt = this.#around.pace.elapsed();
    this.#turn(false);
  }

  #turn(away: boolean): void {
    if (away === this.#away) return;
    this.#away = away;
    this.#around.onTurn(away);
  }
}
