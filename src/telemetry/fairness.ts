import { Gauge, type Registry } from 'prom-client';

/** What the gauges read, from memory, whenever somebody asks. */
export interface FairnessFacts {
  /** Certificates in the making. */
  readonly held: number;
  /** Callers that are told apart at this moment. */
  readonly known: { readonly accounts: number; readonly nodes: number };
}

/** How full the room for certificates in the making is, and whom the limits know of. */
export function watchFairness(registry: Registry, gate: FairnessFacts, inWork: number): void {
  const registers = [registry];
  new Gauge({
    name: 'countersign_fairness_places_taken',
    help: 'Certificates in the making, of countersign_fairness_places.',
    registers,
    collect() {
      this.set(gate.held);
    },
  });
  new Gauge({
    name: 'countersign_fairness_places',
    help: 'Certificates in the making from which on only those below their fair share may begin another.',
    registers,
  }).set(inWork);
  new Gauge({
    name: 'countersign_fairness_known_callers',
    help: 'Service accounts and nodes that the limits tell apart; who finds no room there is limited with all others of its namespace or cluster.',
    labelNames: ['kind'],
    registers,
    collect() {
      this.set({ kind: 'service-account' }, gate.known.accounts);
      this.set({ kind: 'node' }, gate.known.nodes);
    },
  });
}
