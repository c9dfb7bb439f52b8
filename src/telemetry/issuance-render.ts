import type { Registry } from 'prom-client';
import { Counter } from 'prom-client';
import { limitNames } from '#issuance/fairness/limits.ts';
import { stages } from '#issuance/observer.ts';
import { renderHistograms } from './histogram.ts';
import { doorMethods, type IssuanceCells } from './issuance-cells.ts';

/** Counters that take their values from the cells when somebody scrapes. */
export function registerIssuanceCounters(registry: Registry, cells: IssuanceCells): void {
  new Counter({
    name: 'countersign_issuance_requests_total',
    help: 'Requests that ended, by how they ended.',
    labelNames: ['door', 'method', 'outcome'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [door, cell] of cells.doors) {
        this.inc({ door, method: doorMethods[door], outcome: 'issued' }, cell.issued);
        this.inc({ door, method: doorMethods[door], outcome: 'refused' }, cell.ended - cell.issued);
      }
    },
  });
  new Counter({
    name: 'countersign_issuance_refusals_total',
    help: 'Refusals by code and by who has to act.',
    labelNames: ['door', 'code', 'remedy'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [door, cell] of cells.doors) {
        for (const [code, { count, remedy }] of cell.refused) this.inc({ door, code, remedy }, count);
      }
    },
  });
  new Counter({
    name: 'countersign_issuance_limited_total',
    help: 'Refusals because of a limit, by whom it is about; in-work: more than a fair share of what is being made.',
    labelNames: ['door', 'limit'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [door, cell] of cells.doors) {
        for (const limit of limitNames) this.inc({ door, limit }, cell.limited.get(limit) ?? 0);
      }
    },
  });
}

/** The two histograms, in the text format. */
export function renderIssuanceHistograms(cells: IssuanceCells): string {
  const doors = [...cells.doors];
  return [
    renderHistograms(
      'countersign_issuance_duration_seconds',
      'Time from the request until its answer may leave.',
      doors.map(([door, cell]) => [`door="${door}",method="${doorMethods[door]}"`, cell.total]),
    ),
    renderHistograms(
      'countersign_issuance_stage_duration_seconds',
      'Time of one stage; a stage that did not run is not counted.',
      doors.flatMap(([door, cell]) =>
        stages.map((stage) => [`door="${door}",stage="${stage}"`, cell.stage(stage)] as const),
      ),
    ),
  ].join('\n');
}
