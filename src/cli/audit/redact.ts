import { userInfo } from 'node:os';
import type { PlacedDisclosure, RedactableField } from '#audit/disclosure.ts';
import { mostRedacted } from '#audit/redacted.ts';
import { requestRedaction } from '#store/redaction-requests.ts';
import type { Input } from '../command/command.ts';
import type { Exit } from '../exit.ts';
import { Failure } from '../failure.ts';
import type { Home } from '../home.ts';
import { auditOf } from '../store/configured.ts';
import { table } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { besideEntries } from './disclosed.ts';
import { whole } from './filters.ts';
import { type LogSource, openSource } from './log-source.ts';
import type { redactOptions } from './options.ts';

type RedactInput = Input<typeof redactOptions>;

/** Indexes that are looked at together. */
const stride = 65_536;

export async function runRedact(input: RedactInput, terminal: Terminal): Promise<Exit> {
  const { options, home } = input;
  const found = await kept(input, terminal);
  if (found.length === 0) throw new Failure('no', 'nothing is kept beside the log that would go');
  ask(home, found, options['requested-by'] ?? userInfo().username);
  if (options.json) terminal.printJson({ erases: found });
  else {
    const columns = [{ title: 'INDEX', align: 'right' } as const, { title: 'FIELD' }];
    const rows = found.map(({ index, field }) => [String(index), field]);
    terminal.print(table(columns, rows, terminal.columns, terminal.style));
    terminal.note(
      'the server of this home erases them within seconds, or when it next starts: `audit list --type log.redacted`',
    );
  }
  return 'ok';
}

/** Where it is, and no more of it. */
type Found = Pick<PlacedDisclosure, 'index' | 'field'>;

async function kept({ options, home }: RedactInput, terminal: Terminal): Promise<Found[]> {
  const { index, subject, field } = options;
  if ((index === undefined) === (subject === undefined))
    throw new Failure('usage', 'say what goes: --index or --subject, one of them');
  const source = await openSource({ log: undefined, store: undefined }, home);
  try {
    const [from, to] = span(index, source);
    using progress = terminal.progress(`searching ${source.name}`);
    const found: Found[] = [];
    for (let at = from; at < to; at += stride) {
      for (const each of await besideEntries(source, at, Math.min(to, at + stride)))
        if ((field === undefined || each.field === field) && (subject === undefined || speaksOf(each, subject)))
          found.push({ index: each.index, field: each.field });
      progress.at(Math.min(to, at + stride) - from, to - from);
    }
    return found;
  } finally {
    await source.close();
  }
}

function span(index: string | undefined, { size }: LogSource): readonly [from: number, to: number] {
  if (index === undefined) return [0, size];
  const at = whole(index, '--index', 0, Math.max(0, size - 1));
  return [at, at + 1];
}

function speaksOf({ value }: PlacedDisclosure, subject: string): boolean {
  const said: unknown = JSON.parse(value);
  return said === subject || (Array.isArray(said) && said.includes(subject));
}

/** One field of as many records as one record of the log can name at a time. */
function ask(home: Home, found: readonly Found[], by: string): void {
  const { directory } = auditOf(home.config);
  const fields = Map.groupBy(found, ({ field }): RedactableField => field);
  for (const [field, places] of fields)
    for (let at = 0; at < places.length; at += mostRedacted) {
      const records = places.slice(at, at + mostRedacted).map(({ index }) => index);
      requestRedaction(directory, { field, records, by });
    }
}
