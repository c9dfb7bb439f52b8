import { join } from 'node:path';
import { decodeEntry } from '#audit/entry.ts';
import { loadRuleSet, type RuleSet } from '#detection/rule-set.ts';
import { Watch } from '#detection/watch.ts';
import { repository } from '#test/oracles.ts';
import { entryOf } from '#test/support/mesh-log.ts';
import { median } from './median.ts';

export interface DetectionResults {
  readonly records: number;
  /** Records a second that are read from their octets, as whoever watches has to. */
  readonly reading: number;
  /** Records a second that are read and seen by all rules that ship. */
  readonly watching: number;
  /** Records a second of each rule alone, read before. */
  readonly rules: readonly { readonly rule: string; readonly rate: number; readonly forgotten: number }[];
  /** Octets of memory that the rules hold after all these records. */
  readonly held: number;
}

const rounds = 5;
/** Records that are in memory at once. */
const most = 20_000;

/** How fast the rules that ship see records, beside reading them alone, and what they hold after many. */
export function detectionBenchmark(records: number, progress: (what: string) => void): DetectionResults {
  const set = loadRuleSet([join(repository, 'policies/detection')]);
  const few = Array.from({ length: Math.min(records, most) }, (_, n) => entryOf(n, mesh));
  const read = few.map(decodeEntry);
  const reading: number[] = [];
  const watching: number[] = [];
  const alone = new Map<string, number[]>(set.rules.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    progress(`detection, round ${round + 1} of ${rounds}`);
    reading.push(rateOf(few, (octets) => void decodeEntry(octets)));
    const watch = new Watch(set.rules);
    watching.push(rateOf(few, (octets) => void watch.see(decodeEntry(octets))));
    for (const rule of set.rules) {
      const one = new Watch([rule]);
      alone.get(rule.name)?.push(rateOf(read, (entry) => void one.see(entry)));
    }
  }
  progress('detection, memory');
  const { held, watch } = heldAfter(set, records);
  return {
    records,
    reading: median(reading),
    watching: median(watching),
    rules: watch.states.map(({ rule, forgotten }) => ({ rule, rate: median(alone.get(rule) ?? []), forgotten })),
    held,
  };
}

const mesh = {
  entries: 10_000_000,
  start: Date.parse('2026-11-01T00:00:00Z'),
  step: 20,
  namespaces: 100,
  accounts: 100,
  nodes: 500,
  ttl: 3_600,
};

function heldAfter(set: RuleSet, records: number): { readonly held: number; readonly watch: Watch } {
  const before = settled();
  const watch = new Watch(set.rules);
  for (let n = 0; n < records; n++) watch.see(decodeEntry(entryOf(n, mesh)));
  return { held: settled() - before, watch };
}

/** Octets in use once what nobody holds is gone, where Node lets us ask for that. */
function settled(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

function rateOf<Each>(all: readonly Each[], take: (each: Each) => void): number {
  const began = performance.now();
  for (const each of all) take(each);
  return (1_000 * all.length) / (performance.now() - began);
}

const thousands = (rate: number) => `${Math.round(rate / 100) / 10}k`;

export function detectionReport({ records, reading, watching, rules, held }: DetectionResults): string {
  const rows = rules.map(({ rule, rate, forgotten }) =>
    [rule.padEnd(28), thousands(rate).padStart(12), String(forgotten).padStart(12)].join(''),
  );
  return `${[
    `records read: ${thousands(reading)} a second; read and seen by all rules: ${thousands(watching)} a second`,
    `held by the rules after ${records} records: ${(held / 1_048_576).toFixed(1)} MiB`,
    '',
    `${'rule'.padEnd(28)}${'records/s'.padStart(12)}${'forgotten'.padStart(12)}`,
    ...rows,
  ].join('\n')}\n`;
}
