import { existsSync } from 'node:fs';
import { decodeEntry, type Entry } from '#audit/entry.ts';
import { Unverified } from '#audit/unverified.ts';
import { verifyDirectory } from '#audit/verify.ts';
import { StoreError } from '#store/store-error.ts';
import type { Input } from '../command/command.ts';
import { Failure } from '../failure.ts';
import type { Home } from '../home.ts';
import type { Progress } from '../terminal/progress.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { readKept } from './kept.ts';
import { readLogKey } from './log-key.ts';
import { demandOne, openSource } from './log-source.ts';
import type { replayOptions } from './replay-options.ts';
import { storeOf } from './verified-store.ts';

/** Which log, and what it is believed by. */
export interface WalkedInput {
  readonly options: Pick<Input<typeof replayOptions>['options'], 'log' | 'store' | 'key' | 'kept' | 'archive'>;
  readonly home: Home;
}

/** Entries read at a time. */
const stride = 1_024;

/** What was walked over. */
export interface Walked {
  readonly size: number;
  /** Entries of which only the hash is left: nothing is said of them. */
  readonly dropped: number;
}

/**
 * All entries of the log, each once and in order, with the proof that it is whole. Throws Failure `no`
 * where it is not: what was said of its entries by then counts for nothing.
 */
export async function walkVerified(
  input: WalkedInput,
  terminal: Terminal,
  onEntry: (entry: Entry) => void,
): Promise<Walked> {
  const { options, home } = input;
  demandOne(options);
  const directory = options.log ?? (options.store === undefined ? home.log : undefined);
  if (directory !== undefined && (options.log !== undefined || existsSync(directory))) {
    const vkey = readLogKey(options.key, home);
    using progress = terminal.progress(`replaying ${directory}`);
    const { archive } = options;
    return await walkPublished(directory, vkey, { kept: readKept(options.kept, vkey), archive }, progress, onEntry);
  }
  return await walkStore(input, terminal, onEntry);
}

async function walkPublished(
  directory: string,
  vkey: string,
  beside: { readonly kept: ReturnType<typeof readKept>; readonly archive: string | undefined },
  progress: Progress,
  onEntry: (entry: Entry) => void,
): Promise<Walked> {
  if (!existsSync(directory)) throw new Failure('input', `${directory}: there is no such folder`);
  try {
    const onProgress = (done: number, all: number) => progress.at(done, all);
    const { size, hashesOnly } = await verifyDirectory(directory, vkey, { ...beside, onProgress, onEntry });
    return { size, dropped: hashesOnly.reduce((sum, { from, to }) => sum + to - from, 0) };
  } catch (thrown) {
    if (!(thrown instanceof Unverified)) throw thrown;
    throw new Failure('no', `${directory} is not verified: ${thrown.message}`, undefined, { cause: thrown });
  }
}

/** Its rows first, against its own tree; then its entries. */
async function walkStore(
  { options, home }: WalkedInput,
  terminal: Terminal,
  onEntry: (entry: Entry) => void,
): Promise<Walked> {
  const store = await storeOf(options.store, options.store === undefined ? home : undefined);
  if (store === undefined)
    throw new Failure('input', `${home.audit}: there is no log: nothing is published, and no store`);
  try {
    using verifying = terminal.progress(`verifying ${store.name}`);
    await store.verify((done, all) => verifying.at(done, all), undefined);
  } catch (thrown) {
    if (!(thrown instanceof StoreError) || thrown.code === 'unreachable') throw thrown;
    throw new Failure('no', `${store.name} is not verified: ${thrown.message}`, undefined, { cause: thrown });
  }
  const source = await openSource({ log: undefined, store: options.store }, home);
  try {
    using progress = terminal.progress(`replaying ${source.name}`);
    let dropped = 0;
    for (let from = 0; from < source.size; from += stride) {
      for (const octets of await source.entries(from, from + stride))
        if (octets === undefined) dropped++;
        else onEntry(decodeEntry(octets));
      progress.at(Math.min(from + stride, source.size), source.size);
    }
    return { size: source.size, dropped };
  } finally {
    await source.close();
  }
}
