import { existsSync } from 'node:fs';
import type { Checkpoint } from '#audit/checkpoint.ts';
import type { KeptCheckpoint } from '#audit/kept-checkpoint.ts';
import type { Span } from '#audit/runs.ts';
import { Unverified } from '#audit/unverified.ts';
import { verifyDirectory } from '#audit/verify.ts';
import { StoreError } from '#store/store-error.ts';
import type { Input } from '../command/command.ts';
import type { Exit } from '../exit.ts';
import { Failure } from '../failure.ts';
import { facts } from '../terminal/facts.ts';
import { plain } from '../terminal/plain.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { readGuard, readKept } from './kept.ts';
import type { verifyOptions } from './options.ts';
import { PublishedLog } from './published-log.ts';
import { readTrust, witnessNames } from './trust.ts';
import { storeOf } from './verified-store.ts';

type VerifyInput = Input<typeof verifyOptions>;

interface Verdict {
  readonly verified: boolean;
  /** Directory or database that was checked. */
  readonly of: string;
  readonly origin?: string;
  readonly size?: number;
  readonly root?: string;
  /** Those that a trust policy knows. */
  readonly witnesses?: readonly string[];
  /** Runs of records of which only the hashes are left, where there are any. */
  readonly hashesOnly?: readonly Span[];
  /** Of the first thing that does not fit. */
  readonly file?: string;
  readonly index?: number;
  readonly problem?: string;
}

interface Published {
  readonly verdict: Verdict;
  /** Where it holds, for the store to be held against. */
  readonly checkpoint?: Checkpoint;
}

export async function runVerify(input: VerifyInput, terminal: Terminal): Promise<Exit> {
  const published = await verifyPublished(input, terminal);
  const store = await verifyOwnStore(input, published, terminal);
  const verdicts = store === undefined ? [published.verdict] : [published.verdict, store];
  const verified = verdicts.every((verdict) => verdict.verified);
  if (input.options.json) terminal.printJson({ ...published.verdict, verified, ...(store && { store }) });
  else for (const verdict of verdicts) terminal.print(verdictText(verdict, terminal));
  return verified ? 'ok' : 'no';
}

async function verifyPublished({ options, operands, home }: VerifyInput, terminal: Terminal): Promise<Published> {
  const of = operands[0] ?? home.log;
  if (!existsSync(of)) throw new Failure('input', `${of}: there is no such folder`);
  const trust = readTrust(options, home);
  const { vkey } = trust;
  const kept = readKept(options.kept, vkey);
  using progress = terminal.progress(`verifying ${of}`);
  try {
    const guard = operands[0] === undefined ? await readGuard(home, vkey) : undefined;
    const all: readonly KeptCheckpoint[] = guard === undefined ? kept : [...kept, guard];
    const onProgress = (done: number, count: number) => progress.at(done, count);
    const sources = { kept: all, policy: trust.policy, archive: options.archive };
    const { hashesOnly, ...checkpoint } = await verifyDirectory(of, vkey, { onProgress, ...sources });
    const { origin, size } = checkpoint;
    const root = Buffer.from(checkpoint.root).toString('base64');
    const witnesses = witnessNames(checkpoint.note, trust);
    const missing = hashesOnly.length > 0 && { hashesOnly };
    const verdict = { verified: true, of, origin, size, root, ...(trust.policy && { witnesses }), ...missing };
    return { verdict, checkpoint };
  } catch (thrown) {
    if (!(thrown instanceof Unverified)) throw thrown;
    const { file, index, message } = thrown;
    return { verdict: { verified: false, of, file, ...(index !== undefined && { index }), problem: message } };
  }
}

/** The store that --store names; of a home, its own, if it has one. */
async function verifyOwnStore(
  { options, operands, home }: VerifyInput,
  { verdict: { of: directory }, checkpoint }: Published,
  terminal: Terminal,
): Promise<Verdict | undefined> {
  const store = await storeOf(options.store, operands[0] === undefined ? home : undefined);
  if (store === undefined) return undefined;
  const { name } = store;
  using progress = terminal.progress(`verifying ${name}`);
  try {
    const log = checkpoint && new PublishedLog(directory);
    const whole = checkpoint && log && { checkpoint, leaves: (n: number) => log.leaves(n) };
    const { size, root, hashesOnly } = await store.verify((done, all) => progress.at(done, all), whole);
    const missing = hashesOnly.length > 0 && { hashesOnly };
    return { verified: true, of: name, size, root: Buffer.from(root).toString('base64'), ...missing };
  } catch (thrown) {
    if (!(thrown instanceof StoreError) || thrown.code === 'unreachable') throw thrown;
    const { index, message } = thrown;
    return { verified: false, of: name, file: name, ...(index !== undefined && { index }), problem: message };
  }
}

function verdictText(verdict: Verdict, { style }: Terminal): string {
  const { verified, of, origin, size, root, witnesses, hashesOnly, problem } = verdict;
  if (!verified) return `${style.bad('NOT VERIFIED')}  ${plain(of)}\n  ${plain(problem ?? '')}`;
  const list = facts(
    [
      ['origin', origin && plain(origin)],
      ['entries', String(size)],
      ['root', root],
      ['cosigned by', witnesses && plain(witnesses.join(', ') || 'nobody')],
      ['hashes only', hashesOnly && hashesOnlyText(hashesOnly)],
    ],
    style,
  );
  return `${style.good('verified')}  ${plain(of)}\n${list}`;
}

/** What the log says was dropped of it. */
function hashesOnlyText(spans: readonly Span[]): string {
  const count = spans.reduce((sum, { from, to }) => sum + to - from, 0);
  const [first, last] = [spans[0]?.from, (spans.at(-1)?.to ?? 0) - 1];
  return `${count} entries between ${first} and ${last}: dropped, as the log itself says`;
}
