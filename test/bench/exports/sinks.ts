import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Batch } from '#sinks/driver.ts';
import { type OpenSink, openSink } from '#sinks/open-sink.ts';
import type { SinkSettings } from '#sinks/settings.ts';
import { entryOf } from '#test/support/mesh-log.ts';
import { median } from '../median.ts';
import { type Places, targets } from './targets.ts';

/** Each sink by itself, as a process of its own: its standard output is one of them. Argument: an `Asked` as JSON. */
export interface Asked {
  readonly places: Places;
  readonly records: number;
  readonly rounds: number;
}

export interface SinkResult {
  readonly sink: string;
  readonly format: string;
  /** Records a second, acknowledged. */
  readonly rate: number;
  /** The same of reading the log and making the rows, or the objects, alone. */
  readonly limit: number;
  /** The median of the rounds' quotients. */
  readonly ofLimit: number;
  /** CPU of our side for a record, µs; of that, for making it. */
  readonly cpuMicros: number;
  readonly limitMicros: number;
}

const never = new AbortController().signal;
/** What a driver wants to be reminded of, by sink: files go on where they were. */
const memos = new WeakMap<OpenSink, string>();
const mesh = { namespaces: 100, accounts: 100, nodes: 500, ttl: 3_600 };
const start = Date.parse('2026-11-01T00:00:00Z');

const { places, records, rounds }: Asked = JSON.parse(process.argv[2] ?? '');
const log = Array.from({ length: records }, (_, n) => entryOf(n, { entries: records, start, step: 20, ...mesh }));
const source = { origin: 'log.example/bench', entries: (from: number, to: number) => log.slice(from, to) };
const settings = targets(places);
const measured = new Map(settings.map(({ name }) => [name, { limits: [], whole: [] } as Measured]));

for (let round = 0; round < rounds; round++) {
  for (const sink of settings) {
    process.send?.({ progress: `${sink.name}, round ${round + 1} of ${rounds}` });
    const { limits, whole } = measured.get(sink.name) ?? { limits: [], whole: [] };
    limits.push(await timed(sink, async () => {}));
    whole.push(await timed(sink, bring));
  }
}
process.send?.({ results: settings.map(resultOf) });
process.disconnect?.();

interface Taken {
  readonly rate: number;
  readonly cpuMicros: number;
}
interface Measured {
  readonly limits: Taken[];
  readonly whole: Taken[];
}

type Bring = (sink: OpenSink, batch: Batch) => Promise<void>;

async function timed(settings: SinkSettings, each: Bring): Promise<Taken> {
  const sink = await openSink(settings, source);
  const began = performance.now();
  const before = process.cpuUsage();
  for (let from = 0; from < records; ) {
    const batch = await sink.gather({ from, covered: records }, undefined, never);
    if ('since' in batch) throw new Error('a sink of the benchmark waits');
    await each(sink, batch);
    from = batch.to;
  }
  const { user, system } = process.cpuUsage(before);
  const rate = (1_000 * records) / (performance.now() - began);
  await sink.driver.close();
  if (settings.to.kind === 'file') rmSync(join(settings.to.directory), { recursive: true, force: true });
  return { rate, cpuMicros: (user + system) / records };
}

async function bring(sink: OpenSink, batch: Batch): Promise<void> {
  for (let rest = batch; rest.from < rest.to; ) {
    const outcome = await sink.driver.send(rest, memos.get(sink), never);
    if (outcome.kind !== 'accepted') throw new Error(`not taken: ${JSON.stringify(outcome)}`);
    if (outcome.memo === undefined) memos.delete(sink);
    else memos.set(sink, outcome.memo);
    const next = outcome.next ?? rest.to;
    if (next > rest.from) rest = { ...rest, from: next, rows: rest.rows.filter(({ seq }) => seq >= next) };
  }
}

function resultOf({ name, format }: SinkSettings): SinkResult {
  const { limits, whole } = measured.get(name) ?? { limits: [], whole: [] };
  const of = (taken: readonly Taken[], pick: (each: Taken) => number) => median(taken.map(pick));
  return {
    sink: name,
    format,
    rate: of(whole, ({ rate }) => rate),
    limit: of(limits, ({ rate }) => rate),
    ofLimit: median(whole.map(({ rate }, at) => rate / (limits[at]?.rate ?? Number.NaN))),
    cpuMicros: of(whole, ({ cpuMicros }) => cpuMicros),
    limitMicros: of(limits, ({ cpuMicros }) => cpuMicros),
  };
}
