import { existsSync } from 'node:fs';
import { decodeEntry, type Entry } from '#audit/entry.ts';
import { Unverified } from '#audit/unverified.ts';
import { type VerifyOptions, verifyDirectory } from '#audit/verify.ts';
import { StoreError } from '#store/store-error.ts';
import type { Input } from '../command/command.ts';
import { Failure } from '../failure.ts';
import type { Home } from '../home.ts';
import type { Progress } from '../terminal/progress.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { ArchivedBodies } from './archived-bodies.ts';
import { readKept } from './kept.ts';
import { demandOne, openSource } from './log-source.ts';
import type { replayOptions } from './replay-options.ts';
import { readTrust } from './trust.ts';
import { storeOf } from './verified-store.ts';

/** Which log, and what it is believed by. */
export interface WalkedInput {
  readonly options: Pick<
    Input<typeof replayOptions>['options'],
    'log' | 'store' | 'key' | 'trust-policy' | 'kept' | 'archive'
  >;
  readonly home: Home;
}

/** Entries read at a time. */
const stride = 1_024;

/** A run of entries of which only the hashes are left. */
export interface Gap {
  readonly count: number;
  /** Times of the entries beside it that are left, RFC 3339: it lies between. */
  readonly since: string;
  readonly until: string;
}

/** Who walks over a log: told of each entry, and of each gap between them, in order. */
export interface Walker {
  take(entry: Entry): void;
  missed(gap: Gap): void;
}

/**
 * All entries of the log, each once and in order, with the proof that it is whole; gives how many there are. Throws Failure
 * `no` where it is not: what was said of its entries by then counts for nothing.
 */
export async function walkVerified(input: WalkedInput, terminal: Terminal, walker: Walker): Promise<number> {
  const { options, home } = input;
  demandOne(options);
  const steps = new Steps(walker);
  const directory = options.log ?? (options.store === undefined ? home.log : undefined);
  if (directory !== undefined && (options.log !== undefined || existsSync(directory))) {
    const { vkey, policy } = readTrust(options, home);
    using progress = terminal.progress(`replaying ${directory}`);
    const { archive } = options;
    const beside = { kept: readKept(options.kept, vkey), policy, archive };
    return steps.end(await walkPublished(directory, vkey, beside, progress, steps));
  }
  if (options.kept.length > 0 || options['trust-policy'] !== undefined)
    throw new Failure('usage', '--kept and --trust-policy speak of what is published: give --log');
  return steps.end(await walkStore(input, terminal, steps));
}

/** Finds the gaps. */
class Steps {
  readonly #walker: Walker;
  #next = 0;
  #time = '';

  constructor(walker: Walker) {
    this.#walker = walker;
  }

  readonly take = (entry: Entry): void => {
    this.#skipTo(entry.seq, entry.time);
    this.#walker.take(entry);
    this.#next = entry.seq + 1;
    this.#time = entry.time;
  };

  end(size: number): number {
    this.#skipTo(size, '~');
    return size;
  }

  #skipTo(index: number, until: string): void {
    if (index > this.#next) this.#walker.missed({ count: index - this.#next, since: this.#time, until });
  }
}

async function walkPublished(
  directory: string,
  vkey: string,
  beside: Pick<VerifyOptions, 'kept' | 'policy' | 'archive'>,
  progress: Progress,
  { take }: Steps,
): Promise<number> {
  if (!existsSync(directory)) throw new Failure('input', `${directory}: there is no such folder`);
  try {
    const onProgress = (done: number, all: number) => progress.at(done, all);
    return (await verifyDirectory(directory, vkey, { ...beside, onProgress, onEntry: take })).size;
  } catch (thrown) {
    if (!(thrown instanceof Unverified)) throw thrown;
    throw new Failure('no', `${directory} is not verified: ${thrown.message}`, undefined, { cause: thrown });
  }
}

/** Its rows first, against its own tree; then its entries. */
async function walkStore({ options, home }: WalkedInput, terminal: Terminal, { take }: Steps): Promise<number> {
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
  const archived = options.archive === undefined ? undefined : new ArchivedBodies(options.archive, source);
  try {
    using progress = terminal.progress(`replaying ${source.name}`);
    for (let from = 0; from < source.size; from += stride) {
      const left = await source.entries(from, from + stride);
      const bodies = archived === undefined ? left : await archived.fill(left, from);
      for (const octets of bodies) if (octets !== undefined) take(decodeEntry(octets));
      progress.at(Math.min(from + stride, source.size), source.size);
    }
    return source.size;
  } finally {
    await source.close();
  }
}
