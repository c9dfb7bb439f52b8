import { ApiError, type ApiRequest } from './api.ts';
import type { Pace } from './pace.ts';

/** What a server says goes into logs: this much of it. */
const longestQuote = 512;

const cancelled = () => new ApiError('cancelled', { status: 0 });

/**
 * One call: its deadline, everybody who may end it, and the words of its errors. No AbortSignal inside: with one, and with
 * what Node does for it, a call costs a fifth more.
 */
export class Call implements Disposable {
  readonly #what: string;
  readonly #outside: AbortSignal | undefined;
  readonly #stopTimer: () => void;
  #over: ApiError | undefined;
  #ends: (() => void)[] = [];
  #secret: string | undefined;

  constructor(request: ApiRequest, timeoutMs: number, pace: Pace) {
    this.#what = `${request.method} ${request.path}`;
    this.#stopTimer = pace.after(timeoutMs, () =>
      this.abort(new ApiError(`no whole answer within ${timeoutMs} ms`, { status: 0 })),
    );
    this.#outside = request.signal;
    this.#outside?.addEventListener('abort', this.#cancel, { once: true });
    if (this.#outside?.aborted) this.#cancel();
  }

  get isOver(): boolean {
    return this.#over !== undefined;
  }

  /** `run` is called when the call is ended before its answer is whole. */
  whenOver(run: () => void): void {
    if (this.isOver) run();
    else this.#ends.push(run);
  }

  abort(reason: ApiError): void {
    if (this.isOver) return;
    this.#over = reason;
    for (const end of this.#ends.splice(0)) end();
  }

  /** What must never stand in an error, also where the other side quotes it. */
  hide(secret: string | undefined): void {
    this.#secret = secret;
  }

  /** From here on the deadline does not count: the answer goes on. */
  untimed(): void {
    this.#stopTimer();
  }

  /** The outcome of a step, or an ApiError as soon as the call is over. */
  step<Outcome>(work: () => Promise<Outcome>): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const fail = (thrown: unknown) => reject(this.error(thrown));
      this.whenOver(() => fail(this.#over));
      if (!this.isOver) work().then(resolve, fail);
    });
  }

  /** Whatever was thrown, as what the caller is told. */
  error(thrown: unknown): ApiError {
    const cause = this.#over ?? thrown;
    if (cause instanceof ApiError) {
      if (cause.message.startsWith(this.#what)) return cause;
      return new ApiError(this.#words(cause.message), cause, { cause: cause.cause });
    }
    const code = cause instanceof Error && 'code' in cause ? `${String(cause.code)} ` : '';
    const message = cause instanceof Error ? cause.message : String(cause);
    return new ApiError(this.#words(message.startsWith(code.trim()) ? message : code + message), { status: 0 });
  }

  [Symbol.dispose](): void {
    this.#stopTimer();
    this.#outside?.removeEventListener('abort', this.#cancel);
  }

  readonly #cancel = () => {
    const why: unknown = this.#outside?.reason;
    this.abort(why instanceof ApiError ? why : cancelled());
  };

  #words(message: string): string {
    const secret = this.#secret;
    // cut last: half a token would not be found
    const safe = secret === undefined ? message : message.replaceAll(secret, '[token]');
    return `${this.#what}: ${safe.slice(0, longestQuote)}`;
  }
}
