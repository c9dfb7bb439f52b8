import { Counter, Gauge, type Registry } from 'prom-client';
import type { Standing } from '#witness/witness-circle.ts';

/** As they are now, from memory. */
export interface WitnessesState {
  /** Undefined before the first checkpoint. */
  isMet(): boolean | undefined;
  standings(): readonly Standing[];
}

/** The witnesses of our log in numbers. */
export function watchWitnesses(
  registry: Registry,
  { isMet, standings }: WitnessesState,
): { readonly asked: (witness: string, outcome: string) => void } {
  new Gauge({
    name: 'countersign_witness_quorum_met',
    help: 'Whether enough witnesses have cosigned the newest checkpoint: 1, or 0.',
    registers: [registry],
    collect() {
      const met = isMet();
      if (met === undefined) this.remove();
      else this.set(met ? 1 : 0);
    },
  });
  const each = (name: string, help: string, value: (standing: Standing) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ['witness'],
      registers: [registry],
      collect() {
        for (const standing of standings()) this.set({ witness: standing.name }, value(standing));
      },
    });
  each('countersign_witness_cosigned_size', 'Records under the newest checkpoint that it has cosigned.', (s) => s.size);
  each(
    'countersign_witness_cosigned_timestamp_seconds',
    'When it has cosigned last, in seconds since the epoch; 0 for not yet.',
    ({ at }) => at / 1_000,
  );
  each(
    'countersign_witness_disputed',
    'Whether it has seen another history of this log, or more of it than there is: 1, or 0.',
    ({ isDisputed }) => (isDisputed ? 1 : 0),
  );
  const asked = new Counter({
    name: 'countersign_witness_requests_total',
    help: 'Checkpoints that a witness was asked to cosign, by what became of it.',
    labelNames: ['witness', 'outcome'],
    registers: [registry],
  });
  return { asked: (witness, outcome) => asked.inc({ witness, outcome }) };
}
