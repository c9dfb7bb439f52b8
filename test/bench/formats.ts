import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { decodeEntry } from '#audit/entry.ts';
import { leafHash } from '#audit/merkle.ts';
import type { Encoding, Exported } from '#export/format.ts';
import { type FormatName, formatNames } from '#export/format-names.ts';
import { formats } from '#export/formats.ts';
import { entryOf } from '#test/support/mesh-log.ts';
import { median } from './median.ts';

interface FormatResult {
  readonly format: FormatName;
  /** Records a second. */
  readonly rate: number;
  /** Of reading the same entries as JSON and hashing them, in the same round. */
  readonly ofReading: number;
  /** Of a record, as it is and packed. */
  readonly octets: number;
  readonly packedOctets: number;
}

export interface FormatsResults {
  readonly records: number;
  /** Records a second that are read as JSON and hashed: what nobody who exports can do without. */
  readonly reading: number;
  readonly formats: readonly FormatResult[];
}

const rounds = 5;
/** Records that are in memory at once. */
const most = 20_000;

/** How many records a second each format writes, beside reading them alone; every round takes all of them in turn. */
export function formatsBenchmark(records: number, progress: (what: string) => void): FormatsResults {
  const all = Array.from({ length: Math.min(records, most) }, (_, n) => entryOf(n, mesh));
  const exported = all.map(exportedOf);
  const reading: number[] = [];
  const rates = new Map<FormatName, { rate: number; ofReading: number }[]>(formatNames.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    progress(`formats, round ${round + 1} of ${rounds}`);
    const read = rateOf(all, readAlone);
    reading.push(read);
    for (const name of formatNames) {
      const file = formats[name].open();
      const rate = rateOf(
        exported,
        (record) => void file.add(record),
        () => void file.end(),
      );
      rates.get(name)?.push({ rate, ofReading: rate / read });
    }
  }
  return {
    records: all.length,
    reading: median(reading),
    formats: formatNames.map((format) => {
      const of = rates.get(format) ?? [];
      const octets = written(formats[format].open(), exported);
      return {
        format,
        rate: median(of.map(({ rate }) => rate)),
        ofReading: median(of.map(({ ofReading }) => ofReading)),
        octets: octets.length / all.length,
        packedOctets: gzipSync(octets).length / all.length,
      };
    }),
  };
}

const mesh = {
  entries: most,
  start: Date.parse('2026-11-01T00:00:00Z'),
  step: 20,
  namespaces: 100,
  accounts: 100,
  nodes: 500,
  ttl: 3_600,
};

function exportedOf(octets: Uint8Array): Exported {
  const leaf = leafHash(octets);
  return { entry: decodeEntry(octets), octets, leafHash: leaf, origin: 'log.example/bench', checkpointSize: most };
}

function readAlone(octets: Uint8Array): void {
  JSON.parse(Buffer.from(octets).toString());
  createHash('sha256').update(octets).digest();
}

function rateOf<Each>(all: readonly Each[], take: (each: Each) => void, end: () => void = () => {}): number {
  const began = performance.now();
  for (const each of all) take(each);
  end();
  return (1_000 * all.length) / (performance.now() - began);
}

const written = (file: Encoding, all: readonly Exported[]) =>
  Buffer.concat([file.head, ...all.map((record) => file.add(record)), file.end()]);

export function formatsReport({ records, reading, formats: results }: FormatsResults): string {
  const rows = results.map(({ format, rate, ofReading, octets, packedOctets }) =>
    [
      format.padEnd(12),
      `${Math.round(rate / 100) / 10}k`.padStart(10),
      `${(100 * ofReading).toFixed(0)}%`.padStart(12),
      `${Math.round(octets)}`.padStart(10),
      `${Math.round(packedOctets)}`.padStart(10),
    ].join(''),
  );
  const head = `${'format'.padEnd(12)}${'records/s'.padStart(10)}${'of reading'.padStart(12)}${'octets'.padStart(10)}${'in gzip'.padStart(10)}`;
  const about = `${records} records; read as JSON and hashed: ${Math.round(reading / 100) / 10}k a second`;
  return `${[about, '', head, ...rows].join('\n')}\n`;
}
