import type { Pace } from '#kubernetes/pace.ts';
import type { OpenCluster } from './open-cluster.ts';

/** ms after which a cluster that still lacks something takes over all the same: whoever changed it meant it. */
const patienceMs = 10_000;
const lookMs = 100;

/** A cluster that is to take the place of another as soon as it can prove callers without a question. */
export class Takeover {
  readonly #next: OpenCluster;
  readonly #pace: Pace;
  readonly #done: (next: OpenCluster) => void;
  readonly #until: number;
  #stop: () => void;

  constructor(next: OpenCluster, pace: Pace, done: (next: OpenCluster) => void) {
    this.#next = next;
    this.#pace = pace;
    this.#done = done;
    this.#until = pace.elapsed() + patienceMs;
    this.#stop = pace.after(0, () => this.#look());
  }

  /** Gives back the cluster, which is now the caller's to close. */
  callOff(): OpenCluster {
    this.#stop();
    return this.#next;
  }

  #look(): void {
    if (this.#next.awaits === undefined || this.#pace.elapsed() >= this.#until) this.#done(this.#next);
    else this.#stop = this.#pace.after(lookMs, () => this.#look());
  }
}
