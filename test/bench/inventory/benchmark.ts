import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answerAsked } from '#store/inventory/ask/answer.ts';
import { Projection } from '#store/inventory/projection.ts';
import { openInventoryFile } from '#store/inventory/tables.ts';
import { oracle } from '#test/oracles.ts';
import { viewOf } from '#test/store/inventory/memory-view.ts';
import { entryOf } from '#test/support/mesh-log.ts';
import { PostgresServer } from '#test/support/postgres/server.ts';
import { type Loaded, measureLoaded } from './loaded.ts';
import { planOf, type Timed, timeQuestions } from './questions.ts';

export interface InventoryResults {
  readonly records: number;
  /** CPU of projecting one record, µs, and octets of the file for each. */
  readonly rowMicros: number;
  readonly rowOctets: number;
  /** With nothing else to do. */
  readonly questions: readonly Timed[];
  /** While records are added. */
  readonly loaded: readonly Loaded[];
}

/** How long each question takes over so many records, and what a record costs; one page of 50, a different one each time. */
export async function inventoryBenchmark(
  records: number,
  rate: number,
  progress: (what: string) => void,
): Promise<InventoryResults> {
  const alone = await measureAlone(records, progress);
  await using stack = new AsyncDisposableStack();
  const loaded = [await measureLoaded(records, rate, undefined, progress)];
  if (oracle('postgres').available) {
    const database = stack.use(await PostgresServer.start());
    loaded.push(await measureLoaded(records, rate, database.settings('inventory'), progress));
  }
  return { ...alone, loaded };
}

async function measureAlone(
  records: number,
  progress: (what: string) => void,
): Promise<Omit<InventoryResults, 'loaded'>> {
  const plan = planOf(records);
  const view = viewOf(records, (n) => entryOf(n, plan));
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-inventory-'));
  const file = join(folder, 'inventory.db');
  const database = openInventoryFile(file, 'log.example/bench', records);
  try {
    let made = 0;
    const counting = {
      ...view,
      entries: (from: number, to: number) => {
        const before = process.cpuUsage();
        const entries = view.entries(from, to);
        made += micros(process.cpuUsage(before));
        return entries;
      },
    };
    const projection = new Projection(database, counting);
    const before = process.cpuUsage();
    while (await projection.step(records)) progress(`${projection.position} records taken in`);
    const rowMicros = (micros(process.cpuUsage(before)) - made) / records;
    const questions = await timeQuestions(plan, (asked) => answerAsked(database, view, asked, records), progress);
    return { records, rowMicros, rowOctets: statSync(file).size / records, questions };
  } finally {
    database.close();
    rmSync(folder, { recursive: true });
  }
}

export function inventoryReport({ records, rowMicros, rowOctets, questions, loaded }: InventoryResults): string {
  const column = (word: string) => word.padStart(16);
  const pair = (timed: Timed | undefined) =>
    column(timed === undefined ? '' : `${timed.p50.toFixed(1)} ${timed.p95.toFixed(1).padStart(7)}`);
  return [
    `${records} records: ${rowMicros.toFixed(1)} µs of CPU and ${rowOctets.toFixed(0)} octets each`,
    ...loaded.map(({ engine, rate }) => `${engine}: asked while ${rate.toFixed(0)} records a second are added`),
    `  ${'question, ms: p50, p95'.padEnd(34)}${column('alone')}${loaded.map(({ engine }) => column(engine)).join('')}`,
    ...questions.map((timed, at) => {
      const others = loaded.map((each) => pair(each.questions[at])).join('');
      return `  ${timed.name.padEnd(34)}${pair(timed)}${others}`;
    }),
    '',
  ].join('\n');
}

const micros = ({ user, system }: NodeJS.CpuUsage) => user + system;
