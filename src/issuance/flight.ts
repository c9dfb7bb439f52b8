import type { Caller } from '#policy/caller.ts';
import type { Permit } from '#policy/permit.ts';
import { Refusal } from '#refusal/refusal.ts';
import type { VerifiedCsr } from '#x509/csr/verified-csr.ts';
import type { Paid } from './fairness/policy-paces.ts';
import { type Stage, stages } from './observer.ts';
import type { OutsideNotes } from './outside/held-certificate.ts';
import type { Asked, Attempt } from './request.ts';

/** One request on its way: what has been proven of it so far, how long each stage took, and who writes its end. */
export class Flight {
  readonly attempt: Attempt;
  /** Absent where a door could not read it. */
  readonly asked: Asked | undefined;
  readonly startedAt: number;
  readonly stageMs = new Float64Array(stages.length).fill(-1);
  caller: Caller | undefined;
  csr: VerifiedCsr | undefined;
  permit: Permit | undefined;
  serial: string | undefined;
  leafIndex: number | undefined;
  /** There once the request is on its way to an outside issuer. */
  outside: OutsideNotes | undefined;
  /** What its certificate has taken from the rates of its policy. */
  paid: Paid | undefined;
  /** The end that was claimed is "issued", and it is written, or may be yet. */
  isRecording = false;
  readonly #began = performance.now();
  #stageBegan = 0;
  #claimed = false;

  constructor(attempt: Attempt, asked: Asked | undefined, startedAt: number) {
    this.attempt = attempt;
    this.asked = asked;
    this.startedAt = startedAt;
  }

  begin(): void {
    this.#stageBegan = performance.now();
  }

  end(stage: Stage): void {
    this.stageMs[stages.indexOf(stage)] = performance.now() - this.#stageBegan;
  }

  get totalMs(): number {
    return performance.now() - this.#began;
  }

  /** True once only: whoever gets it writes the one terminal record of this request. */
  claimEnd(): boolean {
    if (this.#claimed) return false;
    this.#claimed = true;
    return true;
  }
}

/** `work`, or the signal's reason as soon as it aborts; the loser's outcome is dropped. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(abortRefusal(signal));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    const settle = () => signal.removeEventListener('abort', abort);
    work.then(
      (value) => {
        settle();
        resolve(value);
      },
      (error: unknown) => {
        settle();
        reject(error);
      },
    );
  });
}

export function abortRefusal(signal: AbortSignal): Refusal {
  return signal.reason instanceof Refusal ? signal.reason : new Refusal('cancelled', 'the client went away');
}
