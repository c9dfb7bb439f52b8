import { readFileSync } from 'node:fs';
import { openCheckpoint, type ReadCheckpoint } from '#audit/checkpoint.ts';
import { Malformed } from '#audit/malformed.ts';
import type { Note } from '#audit/note.ts';
import { demandQuorum, witnessesOf } from '#audit/quorum.ts';
import { parseTrustPolicy, type TrustPolicy } from '#audit/trust-policy.ts';
import { ecdsaNoteKey, ed25519NoteKey, parseVkeys, splitVkey } from '#audit/vkey.ts';
import { Failure } from '../failure.ts';
import type { Home } from '../home.ts';
import { readLogKey } from './log-key.ts';

export interface TrustOptions {
  readonly key: string | undefined;
  readonly 'trust-policy': string | undefined;
}

/** The same of a command whose --key is a filter. */
export interface FilteredTrustOptions {
  readonly 'log-key': string | undefined;
  readonly 'trust-policy': string | undefined;
}

/** Whose word counts: the keys of the log, a line each, and the witnesses that have to have seen it, where some have to. */
export interface Trust {
  readonly vkey: string;
  readonly policy?: TrustPolicy;
}

/** What was given, else the home's. Throws Failure. */
export function readTrust(options: TrustOptions | FilteredTrustOptions, home: Home): Trust {
  const file = options['trust-policy'];
  const [key, option] = 'log-key' in options ? [options['log-key'], '--log-key'] : [options.key, '--key'];
  if (file === undefined) return { vkey: readLogKey(key, home, option) };
  const policy = readPolicy(file);
  const logs = policy.logs.map(({ vkey }) => vkey).filter(isOfOurKind);
  if (policy.logs.length === 0) return { vkey: readLogKey(key, home, option), policy };
  if (key !== undefined)
    throw new Failure(
      'usage',
      `${file} names the logs that it trusts: give no ${option} beside it, or take them out of it`,
    );
  if (logs.length === 0) throw new Failure('input', `${file}: names no log with an Ed25519 or ECDSA key, as ours have`);
  return { vkey: logs.join('\n'), policy };
}

/** The checkpoint of a signed note. Throws Malformed unless the log's key signed it, Failure `no` unless enough witnesses did. */
export function openTrusted(signed: string, trust: Trust, where: string): ReadCheckpoint {
  const checkpoint = openCheckpoint(Buffer.from(signed), ...parseVkeys(trust.vkey));
  demandWitnesses(checkpoint.note, trust, where);
  return checkpoint;
}

/** Names of the policy's witnesses that have cosigned; empty without a policy. Throws Failure `no` where they are not enough. */
export function demandWitnesses(note: Note, { policy }: Trust, where: string): readonly string[] {
  if (policy === undefined) return [];
  try {
    return namesOf(demandQuorum(note, policy.witnesses, policy.quorum));
  } catch (cause) {
    if (!(cause instanceof Malformed)) throw cause;
    throw new Failure('no', `${where}: ${cause.message}`, undefined, { cause });
  }
}

/** The same of a checkpoint that has its quorum. */
export function witnessNames(note: Note, { policy }: Trust): readonly string[] {
  return policy === undefined ? [] : namesOf(witnessesOf(note, policy.witnesses));
}

const namesOf = (witnesses: ReadonlySet<{ readonly name: string }>) => [...witnesses].map(({ name }) => name);

function readPolicy(file: string): TrustPolicy {
  try {
    return parseTrustPolicy(readFileSync(file));
  } catch (cause) {
    if (!(cause instanceof Malformed)) throw cause;
    throw new Failure('input', `${file}: ${cause.message}`, undefined, { cause });
  }
}

/** Others' logs may stand in a policy too, signed in ways that ours never are. */
function isOfOurKind(vkey: string): boolean {
  const { type } = splitVkey(vkey);
  return type === ed25519NoteKey || type === ecdsaNoteKey;
}
