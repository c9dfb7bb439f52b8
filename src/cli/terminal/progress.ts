const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const;
/** Nothing is shown before this, so that quick answers stay quiet; ms. */
const quietMs = 700;
const frameMs = 100;
const clearLine = '\r\u001b[2K';

/** The terminal that a Progress draws on. */
export interface Screen {
  write(text: string): unknown;
  readonly columns?: number;
}

/** A spinner, with a percentage when the whole is known. Writes to a terminal only; in a pipe it is mute. */
export class Progress implements Disposable {
  readonly #title: string;
  readonly #stream: Screen | undefined;
  readonly #start: NodeJS.Timeout | undefined;
  #ticker: NodeJS.Timeout | undefined;
  #frame = 0;
  #state = '';

  constructor(title: string, stream: Screen | undefined) {
    this.#title = title;
    this.#stream = stream;
    if (stream !== undefined) this.#start = setTimeout(() => this.#show(), quietMs).unref();
  }

  /** `done` of `total` units; `total` 0 means unknown. */
  at(done: number, total: number): void {
    this.#state = total > 0 ? `${Math.min(100, Math.floor((100 * done) / total))}%  (${done} of ${total})` : `${done}`;
  }

  /** The step that runs now, in words. */
  step(what: string): void {
    this.#state = what;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#start);
    if (this.#ticker === undefined) return;
    clearInterval(this.#ticker);
    this.#ticker = undefined;
    this.#stream?.write(clearLine);
  }

  #show(): void {
    this.#draw();
    this.#ticker = setInterval(() => this.#draw(), frameMs).unref();
  }

  #draw(): void {
    this.#frame = (this.#frame + 1) % frames.length;
    const line = `${frames[this.#frame]} ${this.#title} ${this.#state}`;
    this.#stream?.write(clearLine + line.slice(0, (this.#stream.columns || 80) - 1));
  }
}
