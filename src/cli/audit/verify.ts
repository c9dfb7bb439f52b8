import { existsSync } from 'node:fs';
import { Unverified, verifyDirectory } from '#audit/verify.ts';
import { StoreError } from '#store/store-error.ts';
import type { Input } from '../command/command.ts';
import type { Exit } from '../exit.ts';
import { Failure } from '../failure.ts';
import { facts } from '../terminal/facts.ts';
import { plain } from '../terminal/plain.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { readLogKey } from './log-key.ts';
import { hasStore } from './log-source.ts';
import type { verifyOptions } from './options.ts';

type VerifyInput = Input<typeof verifyOptions>;

interface Verdict {
  readonly verified: boolean;
  /** Directory or database that was checked. */
  readonly of: string;
  readonly origin?: string;
  readonly size?: number;
  readonly root?: string;
  /** Of the first thing that does not fit. */
  readonly file?: string;
  readonly index?: number;
  readonly problem?: string;
}

export async function runVerify(input: VerifyInput, terminal: Terminal): Promise<Exit> {
  const published = await verifyPublished(input, terminal);
  const store = await verifyOwnStore(input, terminal);
  const verdicts = store === undefined ? [published] : [published, store];
  const verified = verdicts.every((verdict) => verdict.verified);
  if (input.options.json) terminal.printJson({ ...published, verified, ...(store && { store }) });
  else for (const verdict of verdicts) terminal.print(verdictText(verdict, terminal));
  return verified ? 'ok' : 'no';
}

async function verifyPublished({ options, operands, home }: VerifyInput, terminal: Terminal): Promise<Verdict> {
  const directory = operands[0] ?? home.log;
  if (!existsSync(directory)) throw new Failure('input', `${directory}: there is no such folder`);
  const vkey = readLogKey(options.key, home);
  using progress = terminal.progress(`verifying ${directory}`);
  try {
    const { origin, size, root } = await verifyDirectory(directory, vkey, (done, all) => progress.at(done, all));
    return { verified: true, of: directory, origin, size, root: Buffer.from(root).toString('base64') };
  } catch (thrown) {
    if (!(thrown instanceof Unverified)) throw thrown;
    const { file, index, message } = thrown;
    return { verified: false, of: directory, file, ...(index !== undefined && { index }), problem: message };
  }
}

/** The store that --store names; of a home, its own, if it has one. */
async function verifyOwnStore(
  { options, operands, home }: VerifyInput,
  terminal: Terminal,
): Promise<Verdict | undefined> {
  const isHome = operands[0] === undefined && (await hasStore(home));
  const directory = options.store ?? (isHome ? home.audit : undefined);
  if (directory === undefined) return undefined;
  const { logDatabase } = await import('#store/sqlite/open-log.ts');
  const { verifyStore } = await import('#store/sqlite/verify.ts');
  const file = logDatabase(directory);
  if (!existsSync(file)) throw new Failure('input', `${directory}: not a store: it has no ${file}`);
  using progress = terminal.progress(`verifying ${file}`);
  try {
    const { size, root } = await verifyStore(file, (done, all) => progress.at(done, all));
    return { verified: true, of: file, size, root: Buffer.from(root).toString('base64') };
  } catch (thrown) {
    if (!(thrown instanceof StoreError)) throw thrown;
    const { index, message } = thrown;
    return { verified: false, of: file, file, ...(index !== undefined && { index }), problem: message };
  }
}

function verdictText(verdict: Verdict, { style }: Terminal): string {
  const { verified, of, origin, size, root, problem } = verdict;
  if (!verified) return `${style.bad('NOT VERIFIED')}  ${plain(of)}\n  ${plain(problem ?? '')}`;
  const list = facts(
    [
      ['origin', origin && plain(origin)],
      ['entries', String(size)],
      ['root', root],
    ],
    style,
  );
  return `${style.good('verified')}  ${plain(of)}\n${list}`;
}
