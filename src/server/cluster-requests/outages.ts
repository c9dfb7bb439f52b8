import type { Pace } from '#kubernetes/pace.ts';

/** ms between looks: at memory, so nobody is asked anything. */
const lookMs = 1_000;
/** ms of an outage until it is told of: a session that breaks and comes back is none, and must not turn every issuer over. */
const patienceMs = 2_000;

export interface OutagesOptions {
  /** Of the server's issuers. */
  readonly names: () => readonly string[];
  /** Why that issuer cannot sign at present; undefined while it can. Answers from memory. */
  readonly why: (name: string) => string | undefined;
  /** One is told of that was not, or is over. */
  readonly onChange: () => void;
  readonly pace: Pace;
}

interface Outage {
  readonly since: number;
  /** What was said first: an outage has one reason, however its symptoms change. */
  told?: string;
}

/** Which of the server's issuers cannot sign for longer than a moment. An outage is told of late, and its end at once. */
export class Outages {
  readonly #options: OutagesOptions;
  readonly #known = new Map<string, Outage>();
  #callOff: () => void;

  constructor(options: OutagesOptions) {
    this.#options = options;
    // what is away from the beginning has been so for long enough
    this.#look(0);
    this.#callOff = this.#later();
  }

  /** Why; undefined while it can sign, or has not been away for long. */
  of(name: string): string | undefined {
    return this.#known.get(name)?.told;
  }

  stop(): void {
    this.#callOff();
  }

  #later(): () => void {
    return this.#options.pace.after(lookMs, () => {
      if (this.#look(patienceMs)) this.#options.onChange();
      this.#callOff = this.#later();
    });
  }

  /** Whether there is news. */
  #look(patience: number): boolean {
    const { names, why, pace } = this.#options;
    const now = pace.elapsed();
    let isNews = false;
    for (const name of names()) {
      const reason = why(name);
      const known = this.#known.get(name);
      if (reason === undefined) {
        this.#known.delete(name);
        isNews ||= known?.told !== undefined;
        continue;
      }
      const outage = known ?? { since: now };
      this.#known.set(name, outage);
      if (outage.told !== undefined || now - outage.since < patience) continue;
      outage.told = reason;
      isNews = true;
    }
    return isNews;
  }
}
