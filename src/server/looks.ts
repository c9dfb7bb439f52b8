/** Looks at something again and again, and whenever somebody says so; one look at a time. */
export class Looks {
  readonly #look: () => Promise<void>;
  readonly #everyMs: number;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #stopped = false;

  /** `look` never rejects. */
  constructor(look: () => Promise<void>, everyMs: number) {
    this.#look = look;
    this.#everyMs = everyMs;
  }

  /** Resolves after the first look. */
  async start(): Promise<void> {
    await this.now();
    this.goOn();
  }

  /** From here on, without a look of its own first. */
  goOn(): void {
    this.#timer = setInterval(() => {
      if (this.#looking === undefined) void this.now();
    }, this.#everyMs).unref();
  }

  /** While a look is under way, one more after it: it may have read what has changed since. None after the stop. */
  async now(): Promise<void> {
    if (this.#looking !== undefined) await this.#looking;
    if (this.#stopped) return;
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#looking;
  }
}
