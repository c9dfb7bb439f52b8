import { decodeEntry } from '#audit/entry.ts';
import type { Input } from '../command/command.ts';
import type { Exit } from '../exit.ts';
import { Failure } from '../failure.ts';
import { plain } from '../terminal/plain.ts';
import type { Progress } from '../terminal/progress.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { issuedSha256 } from './find-certificate.ts';
import { type LogSource, openSource } from './log-source.ts';
import { newestFirst } from './newest-first.ts';
import type { checkOptions } from './options.ts';
import { hashesIn, issuerKeys, type Seen, type SeenCertificate, seenIn } from './seen-certificates.ts';

type CheckInput = Input<typeof checkOptions>;

/** Certificates that were come across, all at once: which of ours does the log not hold? */
export async function runCheckMany(input: CheckInput, terminal: Terminal): Promise<Exit> {
  const { options, operands, home } = input;
  if (options.proof !== undefined) throw new Failure('usage', '--proof speaks of one certificate');
  const seen =
    options.hashes === undefined ? seenIn(operands, issuerKeys(options.issuer, home)) : hashesIn(options.hashes);
  const source = await openSource(options, home);
  try {
    using progress = terminal.progress(`searching ${source.name}`);
    const found = await indexesOf(source, new Set(seen.ours.map(({ sha256 }) => sha256)), progress);
    const unlogged = seen.ours.filter(({ sha256 }) => !found.has(sha256));
    for (const each of unlogged) terminal.note(`${terminal.noteStyle.bad('NOT IN THE LOG')}  ${inWords(each)}`);
    if (options.json) terminal.printJson(summaryJson(seen, found, unlogged, source.size));
    else terminal.print(summaryText(seen, unlogged, source.size, terminal));
    return unlogged.length === 0 ? 'ok' : 'no';
  } finally {
    await source.close();
  }
}

/** By SHA-256, the newest record that says that the certificate was issued. */
async function indexesOf(
  source: LogSource,
  wanted: ReadonlySet<string>,
  progress: Progress,
): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  if (wanted.size === 0) return found;
  for await (const [index, octets] of newestFirst(source, progress)) {
    const text = Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('latin1');
    for (const [, sha256 = ''] of text.matchAll(/"sha256":"([0-9a-f]{64})"/g)) {
      if (!wanted.has(sha256) || found.has(sha256)) continue;
      if (issuedSha256(decodeEntry(octets)) === sha256) found.set(sha256, index);
    }
    if (found.size === wanted.size) break;
  }
  return found;
}

const inWords = ({ sha256, file, serial, names }: SeenCertificate) =>
  [plain(file), ...(serial === undefined ? [] : [`serial ${serial}`]), plain(names ?? ''), `sha256 ${sha256}`]
    .filter((part) => part !== '')
    .join('  ');

const summaryJson = (
  { ours, foreign, unreadable }: Seen,
  found: ReadonlyMap<string, number>,
  unlogged: readonly SeenCertificate[],
  size: number,
) => ({
  logged: unlogged.length === 0,
  size,
  checked: ours.length,
  foreign,
  unreadable,
  unlogged,
  found: ours.flatMap(({ sha256, file }) => {
    const index = found.get(sha256);
    return index === undefined ? [] : [{ sha256, file, index }];
  }),
});

function summaryText(
  { ours, foreign, unreadable }: Seen,
  unlogged: readonly SeenCertificate[],
  size: number,
  { style }: Terminal,
): string {
  const verdict = unlogged.length === 0 ? style.good('all in the log') : style.bad(`${unlogged.length} NOT in the log`);
  const beside = [
    ...(foreign > 0 ? [`${foreign} of other issuers`] : []),
    ...(unreadable > 0 ? [`${unreadable} that cannot be read`] : []),
  ];
  const passed = beside.length > 0 ? `; passed over: ${beside.join(', ')}` : '';
  return `${verdict}  ${ours.length} ${ours.length === 1 ? 'certificate' : 'certificates'} of ours, ${size} entries${passed}`;
}
