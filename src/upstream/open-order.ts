import type { OutsideAnswer, OutsideOrder } from '#issuance/ports.ts';
import { type Pace, pause } from '#kubernetes/pace.ts';
import { Refusal } from '#refusal/refusal.ts';
import { type IssuerReference, referenceText } from './issuer-reference.ts';
import type { Owned } from './request-object.ts';
import type { Verdict } from './verdict.ts';

/** ms before the first look at the object itself, and twice as long before each further one: the watch may be dead. */
const firstLookMs = 2_000;

/** One order on its way: what may end it, and what was last heard of it. */
export class OpenOrder {
  readonly signal: AbortSignal;
  readonly #issuer: IssuerReference;
  readonly #namespace: string;
  readonly #placed: OutsideOrder['placed'];
  readonly #over = new AbortController();
  readonly #end = Promise.withResolvers<OutsideAnswer>();
  /** Whatever ends it while nobody waits yet is not lost, and no unhandled rejection either. */
  readonly outcome = this.#end.promise;
  object: Owned | undefined;
  #word = '';

  constructor(order: OutsideOrder, issuer: IssuerReference, namespace: string) {
    this.#placed = order.placed;
    this.#issuer = issuer;
    this.#namespace = namespace;
    this.signal = this.#over.signal;
    this.outcome.catch(() => {});
  }

  /** What the watch, a look or the API server's own answer showed. */
  heard(object: Owned, verdict: Verdict): void {
    if (this.object === undefined) {
      this.object = object;
      this.#placed?.(this.#trail(object));
    }
    if (verdict.kind === 'pending') this.#word = verdict.word;
    else if (verdict.kind === 'denied') this.fail(this.#refusal('issuer.denied', `said no: ${verdict.why}`));
    else {
      const trail = this.#trail(object);
      this.#finish(() => this.#end.resolve({ chain: verdict.chain, ca: verdict.ca, trail }));
    }
  }

  deleted(): void {
    this.fail(this.#refusal('issuer.unavailable', 'cannot answer: somebody deleted the CertificateRequest'));
  }

  late(ms: number): void {
    this.fail(this.#refusal('issuer.unavailable', `gave no certificate within ${ms} ms (${this.#word})`));
  }

  refused(code: 'issuer.denied' | 'issuer.unavailable', why: string): void {
    this.fail(this.#refusal(code, `cannot be asked: ${why}`));
  }

  fail(refusal: Refusal): void {
    this.#finish(() => this.#end.reject(refusal));
  }

  /** Calls `look` now and then until this is over. */
  async lookWhileOpen(pace: Pace, look: () => Promise<void>): Promise<void> {
    for (let ms = firstLookMs; !this.signal.aborted; ms *= 2) {
      await pause(pace, ms, this.signal);
      if (!this.signal.aborted) await look();
    }
  }

  #finish(end: () => void): void {
    if (this.signal.aborted) return;
    end();
    this.#over.abort();
  }

  #trail({ name, uid }: Owned): OutsideAnswer['trail'] {
    return { namespace: this.#namespace, name, uid, issuer: referenceText(this.#issuer) };
  }

  #refusal(code: 'issuer.denied' | 'issuer.unavailable', what: string): Refusal {
    const issuer = referenceText(this.#issuer);
    return new Refusal(code, `cert-manager's ${issuer} ${what}`, {
      issuer,
      namespace: this.#namespace,
      ...(this.object !== undefined && { certificateRequest: this.object.name }),
    });
  }
}
