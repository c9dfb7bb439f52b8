import type { PlacedDisclosure } from '#audit/disclosure.ts';
import { decodeEntry, type Entry } from '#audit/entry.ts';
import type { Input } from '../command/command.ts';
import type { Exit } from '../exit.ts';
import { plain } from '../terminal/plain.ts';
import { table } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { disclosedText, disclosureJson, openedBeside } from './disclosed.ts';
import { type Filters, identityOf, readFilters, serialOf } from './filters.ts';
import { type LogSource, openSource } from './log-source.ts';
import { newestFirst } from './newest-first.ts';
import type { listOptions } from './options.ts';

const columns = [
  { title: 'INDEX', align: 'right' },
  { title: 'TIME' },
  { title: 'TYPE' },
  { title: 'IDENTITY', shrinkTo: 16 },
  { title: 'SERIAL OR REASON', shrinkTo: 16 },
] as const;

interface Found {
  readonly records: readonly Entry[];
  /** Where a next page begins; undefined at the end. */
  readonly before: number | undefined;
}

export async function runList({ options, home }: Input<typeof listOptions>, terminal: Terminal): Promise<Exit> {
  const filters = readFilters(options, Date.now());
  const source = await openSource(options, home);
  try {
    const { records, before } = await find(source, filters, terminal);
    const beside = options.disclose ? await openedBeside(source, records) : undefined;
    if (options.json)
      terminal.printJson({
        size: source.size,
        records,
        ...(beside && { disclosures: beside.map(disclosureJson) }),
        ...(before !== undefined && { before }),
      });
    else print(records, before, terminal, beside);
    return 'ok';
  } finally {
    await source.close();
  }
}

async function find(source: LogSource, filters: Filters, terminal: Terminal): Promise<Found> {
  using progress = terminal.progress(`searching ${source.name}`);
  const records: Entry[] = [];
  for await (const [index, octets] of newestFirst(source, progress, filters.before)) {
    const entry = decodeEntry(octets);
    if (entry.time < filters.since) break;
    if (!filters.matches(entry)) continue;
    records.push(entry);
    if (records.length === filters.limit) return { records, before: index > 0 ? index : undefined };
  }
  return { records, before: undefined };
}

function print(
  records: readonly Entry[],
  before: number | undefined,
  terminal: Terminal,
  beside: readonly PlacedDisclosure[] | undefined,
): void {
  if (records.length === 0) {
    terminal.note('no record matches');
    return;
  }
  const rows = records.map((entry) => [
    String(entry.seq),
    entry.time,
    entry.type,
    plain(identityOf(entry) ?? '-'),
    plain(outcomeOf(entry)),
    ...(beside ? [plain(disclosedText(entry, beside))] : []),
  ]);
  const shown = beside ? [...columns, { title: 'DISCLOSED', shrinkTo: 16 }] : columns;
  terminal.print(table(shown, rows, terminal.columns, terminal.style));
  if (before !== undefined) terminal.note(terminal.noteStyle.dim(`there may be more: --before ${before}`));
}

function outcomeOf(entry: Entry): string {
  const reason = entry.reason;
  return typeof reason === 'string' ? reason : (serialOf(entry) ?? '-');
}
