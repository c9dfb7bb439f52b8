import Type, { type Static } from 'typebox';
import { parseCheckpoint, type ReadCheckpoint } from '#audit/checkpoint.ts';
import { decodeEntry, type Entry } from '#audit/entry.ts';
import { tileWidth } from '#audit/tiles.ts';
import type { Format } from '#export/format.ts';
import { type FormatName, formatNames } from '#export/format-names.ts';
import { formats } from '#export/formats.ts';
import { Failure } from '../../failure.ts';
import type { SignedLog } from '../signed-log.ts';
import { type FilterTexts, filtersOf, isWhole } from './select.ts';

const count = Type.Integer({ minimum: 0 });

/** What is exported, settled at the beginning: an export that is interrupted goes on with exactly this. */
export const planMembers = {
  format: Type.Enum([...formatNames]),
  mapping: count,
  filters: Type.Record(Type.String(), Type.String()),
  /** Entries [from, to) of the log were looked at. */
  from: count,
  to: count,
  /** Whether each of them has a row. */
  complete: Type.Boolean(),
  /** The signed note that covers them. */
  checkpoint: Type.String(),
} as const;

const planSchema = Type.Object(planMembers);
export type Plan = Static<typeof planSchema>;

/** Throws Malformed for a log whose times cannot be read. */
export async function makePlan(log: SignedLog, note: string, name: FormatName, filters: FilterTexts): Promise<Plan> {
  const { size } = parseCheckpoint(Buffer.from(note));
  const { from, to } = await rangeIn(log, size, filters);
  const format = formats[name];
  return {
    format: name,
    mapping: format.mapping,
    filters,
    from,
    to,
    complete: isComplete(name, filters),
    checkpoint: note,
  };
}

export const isComplete = (name: FormatName, filters: FilterTexts) => isWhole(filters) && !issuanceAlone.includes(name);

/** Formats that have no row for some records. */
const issuanceAlone: readonly FormatName[] = ['csv'];

/** The entries within the moments that were asked for: in a log times never run backwards. */
async function rangeIn(log: SignedLog, size: number, texts: FilterTexts): Promise<{ from: number; to: number }> {
  const { since, until } = filtersOf(texts);
  const iso = (moment: number) => new Date(moment).toISOString();
  const from = since === undefined ? 0 : await firstThat(log, size, (time) => time >= iso(since));
  const to = until === undefined ? size : await firstThat(log, size, (time) => time > iso(until));
  return { from: Math.min(from, to), to };
}

/** A plan's entries are those of its moments, as far as times are known. Throws Failure `no`. */
export async function demandRange(log: SignedLog, size: number, { from, to, filters: texts }: Plan): Promise<void> {
  const { since, until } = filtersOf(texts);
  const iso = (moment: number | undefined) => (moment === undefined ? undefined : new Date(moment).toISOString());
  const [earliest, latest] = [iso(since) ?? '', iso(until) ?? '~'];
  const before = async (index: number) => (await lastLeft(log, index))?.time ?? '';
  const after = async (index: number) => (await firstLeft(log, index, size))?.time ?? '~';
  const isEmpty = from === to;
  const begins = from === 0 || (await before(from)) < earliest || (isEmpty && latest < earliest);
  const fits = begins && (isEmpty || (await after(from)) >= earliest) && (to === size || (await after(to)) > latest);
  if (to > size || !fits || (!isEmpty && (await before(to)) > latest))
    throw new Failure('no', `the manifest speaks of entries ${from} to ${to - 1}; its filters lead to others`);
}

async function firstThat(log: SignedLog, size: number, isLate: (time: string) => boolean): Promise<number> {
  let low = 0;
  let high = size;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const found = await firstLeft(log, middle, high);
    // Of what was dropped the time is not known: it counts as late where the next that is left is.
    if (found === undefined || isLate(found.time)) high = middle;
    else low = found.seq + 1;
  }
  return low;
}

/** The first entry from `from` on whose body is left. */
async function firstLeft(log: SignedLog, from: number, to: number): Promise<Entry | undefined> {
  for (let at = from; at < to; ) {
    const end = Math.min(at - (at % tileWidth) + tileWidth, to);
    const octets = (await log.entries(at, end)).find((each) => each !== undefined);
    if (octets !== undefined) return decodeEntry(octets);
    at = end;
  }
  return undefined;
}

/** The last entry before `index` whose body is left. */
async function lastLeft(log: SignedLog, index: number): Promise<Entry | undefined> {
  for (let to = index; to > 0; ) {
    const from = to - 1 - ((to - 1) % tileWidth);
    const octets = (await log.entries(from, to)).findLast((each) => each !== undefined);
    if (octets !== undefined) return decodeEntry(octets);
    to = from;
  }
  return undefined;
}

/** The format that a plan names. Throws Failure where this program writes it otherwise by now. */
export function formatOf({ format: name, mapping }: Plan): Format {
  const format = formats[name];
  if (format.mapping === mapping) return format;
  throw new Failure(
    'input',
    `it was written by mapping ${mapping} of ${name}, and this program has mapping ${format.mapping}`,
    'take the version that wrote it',
  );
}

export const checkpointOf = ({ checkpoint }: Pick<Plan, 'checkpoint'>): ReadCheckpoint =>
  parseCheckpoint(Buffer.from(checkpoint));
