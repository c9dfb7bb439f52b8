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
 * What callers of remote clusters may hold of the door while they wait for an API server: a quarter of its places is
 * divided evenly, so that each cluster always has its share, and another quarter is lent to whoever asks first, yet only
 * while its API server answers. However many of them hang, the others and our own have room.
 */
export class Places {
  readonly #options: PlacesOptions;
  readonly #shares = new Set<Share>();
  #held = 0;

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  /** For one more cluster. `onTurn` hears when its API server stops answering about tokens, and when it does again. */
  share(onTurn: (away: boolean) => void): Share {
    const { pace } = this.#options;
    const share: Share = new Share({
      pace,
      onTurn,
      mayTake: (own, silent) => own < this.#evenly || (!silent && this.#held < this.#options.places / 2),
      count: (change) => {
        this.#held += change;
      },
      leave: () => this.#shares.delete(share),
    });
    this.#shares.add(share);
    return share;
  }

  get #evenly(): number {
    return Math.max(1, Math.floor(this.#options.places / 4 / this.#shares.size));
  }
}

interface Surroundings {
  readonly pace: Pace;
  readonly onTurn: (away: boolean) => void;
  readonly mayTake: (own: number, silent: boolean) => boolean;
  readonly count: (change: 1 | -1) => void;
  readonly leave: () => void;
}

/** What one remote cluster may hold, whatever its API server is asked about. */
export class Share {
  readonly #around: Surroundings;
  readonly #tokens: Questions;
  readonly #pods: Questions;
  #inFlight = 0;

  constructor(around: Surroundings) {
    this.#around = around;
    this.#tokens = new Questions(around.pace, around.onTurn);
    this.#pods = new Questions(around.pace);
  }

  /** The last that was asked of its API server about a token was not answered. */
  get away(): boolean {
    return this.#tokens.away;
  }

  /** The same prover within these bounds: throws Refusal `overload` past them. */
  proverOf(prover: TokenProver): TokenProver {
    return { prove: (token, signal) => this.#prove(prover, token, signal) };
  }

  /** What waits for an answer about pods; undefined, and nothing is asked, past the bounds. */
  async askOfPods<T>(ask: () => Promise<T | undefined>): Promise<T | undefined> {
    if (!this.#take(this.#pods)) return undefined;
    try {
      const answer = await ask();
      this.#pods.heard(answer !== undefined);
      return answer;
    } finally {
      this.#giveBack(this.#pods);
    }
  }

  /** It goes to the others. */
  leave(): void {
    this.#around.leave();
  }

  async #prove(prover: TokenProver, token: string, signal: AbortSignal): Promise<ProvenToken> {
    if (!this.#take(this.#tokens)) {
      throw new Refusal('overload', 'too many callers of this cluster wait for its API server');
    }
    try {
      const proven = await prover.prove(token, signal);
      this.#tokens.heard(true);
      return proven;
    } catch (thrown) {
      if (thrown instanceof Refusal && thrown.code === 'authn.failed') this.#tokens.heard(true);
      if (thrown instanceof Refusal && thrown.code === 'authn.unavailable') this.#tokens.heard(false);
      throw thrown;
    } finally {
      this.#giveBack(this.#tokens);
    }
  }

  #take(questions: Questions): boolean {
    questions.begin();
    const took = this.#around.mayTake(this.#inFlight, questions.silent);
    if (!took) return false;
    questions.open++;
    this.#inFlight++;
    this.#around.count(1);
    return true;
  }

  #giveBack(questions: Questions): void {
    questions.open--;
    this.#inFlight--;
    this.#around.count(-1);
  }
}

/** What is asked of one API server about one thing: tokens may be proven without it while pods wait for it. */
class Questions {
  open = 0;
  readonly #pace: Pace;
  readonly #onTurn: ((away: boolean) => void) | undefined;
  #away = false;
  /** Of the steady clock: when it last answered, or was asked after having had nothing to answer. */
  #heardAt = 0;

  constructor(pace: Pace, onTurn?: (away: boolean) => void) {
    this.#pace = pace;
    this.#onTurn = onTurn;
  }

  get away(): boolean {
    return this.#away;
  }

  get silent(): boolean {
    return this.#away || this.#pace.elapsed() - this.#heardAt > silentMs;
  }

  begin(): void {
    if (this.open === 0) this.#heardAt = this.#pace.elapsed();
  }

  heard(answered: boolean): void {
    if (answered) this.#heardAt = this.#pace.elapsed();
    if (answered !== this.#away) return;
    this.#away = !answered;
    this.#onTurn?.(this.#away);
  }
}
