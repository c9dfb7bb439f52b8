import { Counter, Gauge, type Registry } from 'prom-client';
import type { DoorName } from '#policy/permit.ts';

/** The state of the log, as its owner knows it now. */
export interface LogState {
  /** Durable records. */
  readonly size: number;
  /** Records under the newest signed checkpoint. */
  readonly checkpointSize: number;
  /** When that checkpoint was signed, ms since the epoch; 0 for none. */
  readonly checkpointTime: number;
}

/** Gauges that ask their owner at scrape time: `read` must answer from memory. */
export class LiveGauges {
  readonly #inFlight = new Map<DoorName, () => number>();
  readonly #queues = new Map<string, () => number>();
  readonly #leases = new Map<string, () => number>();
  readonly #rejected: Counter<'door' | 'reason'>;
  #log: (() => LogState) | undefined;

  constructor(registry: Registry) {
    byName(registry, 'countersign_requests_in_flight', 'Requests being worked on.', 'door', this.#inFlight);
    byName(registry, 'countersign_queue_depth', 'Pieces of work that wait, by queue.', 'queue', this.#queues);
    // as client-go calls it
    byName(
      registry,
      'leader_election_master_status',
      'Whether this replica holds the lease: 1, or 0.',
      'name',
      this.#leases,
    );
    this.#rejected = new Counter({
      name: 'countersign_door_rejections_total',
      help: 'Calls that a door turned away before they became a request.',
      labelNames: ['door', 'reason'],
      registers: [registry],
    });
    const log = (name: string, help: string, pick: (state: LogState) => number) =>
      onDemand(registry, name, help, () => (this.#log === undefined ? undefined : pick(this.#log())));
    log('countersign_log_size', 'Durable records in the log.', ({ size }) => size);
    log('countersign_log_checkpoint_size', 'Records under the newest signed checkpoint.', (s) => s.checkpointSize);
    log('countersign_log_checkpoint_lag', 'Durable records that no checkpoint covers yet.', (s) =>
      Math.max(0, s.size - s.checkpointSize),
    );
    log(
      'countersign_log_checkpoint_timestamp_seconds',
      'When the newest checkpoint was signed, in seconds since the epoch.',
      (s) => s.checkpointTime / 1000,
    );
  }

  watchInFlight(door: DoorName, read: () => number): void {
    this.#inFlight.set(door, read);
  }

  watchQueue(name: string, read: () => number): void {
    this.#queues.set(name, read);
  }

  watchLease(name: string, leading: () => boolean): void {
    this.#leases.set(name, () => (leading() ? 1 : 0));
  }

  watchLog(read: () => LogState): void {
    this.#log = read;
  }

  /** A call that never became a request: too large, too many, unknown method. Keep `reason` a fixed word. */
  rejected(door: DoorName, reason: string): void {
    this.#rejected.inc({ door, reason });
  }
}

function byName(
  registry: Registry,
  name: string,
  help: string,
  label: 'door' | 'queue' | 'name',
  reads: ReadonlyMap<string, () => number>,
): void {
  new Gauge({
    name,
    help,
    labelNames: [label],
    registers: [registry],
    collect() {
      this.reset();
      for (const [key, read] of reads) this.set({ [label]: key }, read());
    },
  });
}

function onDemand(registry: Registry, name: string, help: string, read: () => number | undefined): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset();
      const value = read();
      if (value === undefined) this.remove();
      else this.set(value);
    },
  });
}
