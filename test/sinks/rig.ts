import { completeEntry, encodeEvent } from '#audit/entry.ts';
import { leafHash } from '#audit/merkle.ts';
import type { RowFormat } from '#export/format.ts';
import type { RowFormatName } from '#export/format-names.ts';
import { rowFormats } from '#export/row-formats.ts';
import type { Pace } from '#kubernetes/pace.ts';
import type { Cursors, Place } from '#sinks/cursor.ts';
import type { DeadLetter } from '#sinks/dead-letters.ts';
import { Delivery, type DeliveryParts } from '#sinks/delivery.ts';
import { accepted, type Batch, type Driver, type Outcome } from '#sinks/driver.ts';
import { type BatchBounds, gather, type Source } from '#sinks/gather.ts';
import type { News } from '#sinks/news.ts';
import type { OpenSink } from '#sinks/open-sink.ts';
import { issuedEvent } from '#test/audit/example-event.ts';
import { FakePace, until } from '#test/kubernetes/fake-pace.ts';

const start = Date.parse('2026-11-21T14:59:00Z');

export const entryOf = (seq: number): Uint8Array =>
  completeEntry(encodeEvent(issuedEvent(seq)), seq, new Date(start + seq).toISOString());

/** A log of any length that is made up as it is read, and says how much of it was in memory at once. */
export class EndlessLog implements Source {
  readonly origin = 'log.test/sinks';
  most = 0;
  /** What was dropped of it. */
  readonly dropped = new Set<number>();

  entries(from: number, to: number): (Uint8Array | undefined)[] {
    this.most = Math.max(this.most, to - from);
    return Array.from({ length: to - from }, (_, at) => (this.dropped.has(from + at) ? undefined : entryOf(from + at)));
  }
}

export const batchOf = (from: number, to: number, format: RowFormatName = 'jsonl'): Batch => ({
  from,
  to,
  gone: [],
  rows: Array.from({ length: to - from }, (_, at) => {
    const seq = from + at;
    const octets = entryOf(seq);
    const entry = JSON.parse(Buffer.from(octets).toString());
    const record = { entry, octets, leafHash: leafHash(octets), origin: 'log.test/sinks', checkpointSize: to };
    return { seq, entry, octets: rowFormats[format].row(record) };
  }),
});

type Answer = Outcome | (() => Outcome | Promise<Outcome>);

/** A sink that answers as it is told, first to first, and then takes everything. */
export class ToldDriver implements Driver {
  readonly answers: Answer[] = [];
  readonly batches: Batch[] = [];
  readonly taken: number[] = [];

  async send(batch: Batch): Promise<Outcome> {
    this.batches.push(batch);
    const answer = this.answers.shift() ?? accepted;
    const outcome = await (typeof answer === 'function' ? answer() : answer);
    const next = outcome.kind === 'accepted' ? (outcome.next ?? batch.to) : batch.from;
    const took = (seq: number, at: number) => seq < next || (outcome.kind === 'refused' && !outcome.rows.has(at));
    this.taken.push(...batch.rows.filter(({ seq }, at) => took(seq, at)).map(({ seq }) => seq));
    return outcome;
  }

  async close(): Promise<void> {}
}

/** A cursor that outlives who holds it. */
export class KeptCursor implements Cursors {
  place: Place = { next: 0 };

  async hold() {
    const save = async (place: Place) => {
      this.place = place;
    };
    const now = () => this.place;
    return {
      get place() {
        return now();
      },
      lost: false,
      save,
      release: async () => {},
    };
  }
}

export interface Rig {
  readonly delivery: Delivery;
  readonly driver: ToldDriver;
  readonly cursor: KeptCursor;
  readonly pace: FakePace;
  readonly news: News[];
  readonly dead: DeadLetter[];
  readonly log: EndlessLog;
  /** Lets a checkpoint cover `size` entries. */
  publish(size: number): void;
  /** Resolves when the cursor stands at `next`. */
  at(next: number): Promise<void>;
}

const hundred = { maxRecords: 100, maxOctets: 1 << 20 };

export interface RigParts extends Partial<DeliveryParts> {
  readonly format?: RowFormat;
  readonly batch?: BatchBounds;
  /** Instead of both, and of the driver that is told what to say. */
  readonly open?: (source: Source, pace: Pace) => OpenSink;
}

export function rig(
  { format = rowFormats.jsonl, batch = hundred, open, ...parts }: RigParts = {},
  cursor = new KeptCursor(),
): Rig {
  const driver = new ToldDriver();
  const pace = new FakePace();
  const log = new EndlessLog();
  const news: News[] = [];
  const dead: DeadLetter[] = [];
  let covered = 0;
  const delivery = new Delivery({
    sink: 'siem',
    gather: (span) => gather(log, format, span, batch),
    covered: () => covered,
    driver,
    cursors: cursor,
    deadLetters: { add: async (letters) => void dead.push(...letters) },
    pace,
    bounds: { timeoutMs: 60_000, lagMs: [300_000, 3_600_000] },
    tell: (each) => void news.push(each),
    ...open?.(log, pace),
    ...parts,
  });
  delivery.start();
  return {
    delivery,
    driver,
    cursor,
    pace,
    news,
    dead,
    log,
    publish(size) {
      covered = size;
      delivery.grown();
    },
    at: (next) => until(() => cursor.place.next === next),
  };
}
