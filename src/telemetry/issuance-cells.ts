import { type IssuanceObserver, type IssuanceOutcome, type Stage, stages } from '#issuance/observer.ts';
import type { Attempt } from '#issuance/request.ts';
import type { DoorName } from '#policy/permit.ts';
import type { Refusal, RefusalCode, Remedy } from '#refusal/refusal.ts';
import { LatencyHistogram } from './histogram.ts';

/** What each door calls the one thing that it is asked for. */
export const doorMethods: Readonly<Record<DoorName, string>> = {
  istio: 'CreateCertificate',
  'kubernetes-csr': 'CertificateSigningRequest',
  'pod-certificate': 'PodCertificateRequest',
  'cert-manager': 'CertificateRequest',
  admin: 'IssueCertificate',
  internal: 'IssueCertificate',
};

/** All that is counted of one door. */
export class DoorCells {
  issued = 0;
  readonly refused = new Map<RefusalCode, { count: number; readonly remedy: Remedy }>();
  /** Refusals by the limit that was in the way (a LimitName). */
  readonly limited = new Map<string, number>();
  readonly total = new LatencyHistogram();
  readonly byStage: readonly LatencyHistogram[] = stages.map(() => new LatencyHistogram());

  get ended(): number {
    let sum = this.issued;
    for (const { count } of this.refused.values()) sum += count;
    return sum;
  }

  /** Refusals whose code satisfies `test`. */
  refusedWhere(test: (code: RefusalCode) => boolean): number {
    let sum = 0;
    for (const [code, { count }] of this.refused) if (test(code)) sum += count;
    return sum;
  }

  refuse({ code, remedy, detail: { limit } }: Refusal): void {
    const known = this.refused.get(code);
    if (known === undefined) this.refused.set(code, { count: 1, remedy });
    else known.count++;
    if (code === 'rate.exceeded' && typeof limit === 'string')
      this.limited.set(limit, (this.limited.get(limit) ?? 0) + 1);
  }

  stage(name: Stage): LatencyHistogram {
    return this.byStage[stages.indexOf(name)] ?? this.total;
  }
}

/** Counts every request as it ends: numbers only, rendered when somebody scrapes. */
export class IssuanceCells implements IssuanceObserver {
  readonly doors = new Map<DoorName, DoorCells>();

  ended(attempt: Attempt, outcome: IssuanceOutcome): void {
    const cells = this.#door(attempt.door);
    if (outcome.refusal === undefined) cells.issued++;
    else cells.refuse(outcome.refusal);
    cells.total.observe(outcome.totalMs);
    for (const [at, histogram] of cells.byStage.entries()) {
      const ms = outcome.stageMs[at] ?? -1;
      if (ms >= 0) histogram.observe(ms);
    }
  }

  #door(name: DoorName): DoorCells {
    let cells = this.doors.get(name);
    if (cells === undefined) {
      cells = new DoorCells();
      this.doors.set(name, cells);
    }
    return cells;
  }
}
