import { existsSync, statSync } from 'node:fs';
import { Unverified, verifyDirectory } from '#audit/verify.ts';
import type { Head } from '#store/head.ts';
import type { PostgresSettings } from '#store/postgres/settings.ts';
import { StoreError } from '#store/store-error.ts';
import type { Input } from '../command/command.ts';
import type { Exit } from '../exit.ts';
import { Failure } from '../failure.ts';
import type { Home } from '../home.ts';
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
  const store = await storeOf(options.store, operands[0] === undefined ? home : undefined);
  if (store === undefined) return undefined;
  using progress = terminal.progress(`verifying ${store.name}`);
  try {
    const { size, root } = await store.verify((done, all) => progress.at(done, all));
    return { verified: true, of: store.name, size, root: Buffer.from(root).toString('base64') };
  } catch (thrown) {
    if (!(thrown instanceof StoreError) || thrown.code === 'unreachable') throw thrown;
    const { index, message } = thrown;
    return {
      verified: false,
      of: store.name,
      file: store.name,
      ...(index !== undefined && { index }),
      problem: message,
    };
  }
}

interface VerifiedStore {
  readonly name: string;
  verify(onProgress: (done: number, all: number) => void): Promise<Head>;
}

async function storeOf(named: string | undefined, home: Home | undefined): Promise<VerifiedStore | undefined> {
  if (named !== undefined && existsSync(named) && statSync(named).isFile()) {
    const { auditOf } = await import('../store/configured.ts');
    const audit = auditOf(named);
    return audit.store === undefined ? embedded(audit.directory) : inPostgres(audit.store);
  }
  if (named !== undefined) return embedded(named);
  if (home === undefined) return undefined;
  const { postgresOfHome } = await import('../store/configured.ts');
  const settings = postgresOfHome(home);
  if (settings !== undefined) return inPostgres(settings);
  return (await hasStore(home)) ? embedded(home.audit) : undefined;
}

async function embedded(directory: string): Promise<VerifiedStore> {
  const { logDatabase } = await import('#store/sqlite/open-log.ts');
  const { verifyStore } = await import('#store/sqlite/verify.ts');
  const name = logDatabase(directory);
  if (!existsSync(name)) throw new Failure('input', `${directory}: not a store: it has no ${name}`);
  return { name, verify: (onProgress) => verifyStore(name, onProgress) };
}

async function inPostgres(settings: PostgresSettings): Promise<VerifiedStore> {
  const { verifyPostgres } = await import('#store/postgres/verify.ts');
  const { placeOf } = await import('#store/postgres/settings.ts');
  return { name: placeOf(settings), verify: (onProgress) => verifyPostgres(settings, onProgress) };
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
