import { accessSync, constants, readFileSync } from 'node:fs';
import { parseWitnessVkey } from '#audit/cosignature.ts';
import { Malformed } from '#audit/malformed.ts';
import { anyOf, isMet, type Quorum, translated, type Witness } from '#audit/quorum.ts';
import { parseTrustPolicy, type TrustPolicy } from '#audit/trust-policy.ts';
import type { WitnessesConfig } from '#config/sections/audit.ts';
import { RemoteWitness } from '#witness/remote-witness.ts';
import { type CircleOptions, WitnessCircle } from '#witness/witness-circle.ts';
import type { LogKeys } from './log-keys.ts';
import { WitnessesError } from './witnesses-error.ts';

type Surroundings = Pick<CircleOptions, 'clock' | 'onRound' | 'onAsked'>;

/** The witnesses that are configured, by a list or by a policy. Throws WitnessesError. */
export function openCircle(config: WitnessesConfig, keys: LogKeys, surroundings: Surroundings): WitnessCircle {
  return new WitnessCircle({ ...whoIsAsked(config, keys), without: config.without, ...surroundings });
}

interface Asked {
  readonly witnesses: readonly RemoteWitness[];
  readonly quorum: Quorum;
}

function whoIsAsked({ who, timeoutMs, ca: file }: WitnessesConfig, keys: LogKeys): Asked {
  // It is read for each connection; that it is not there is said at once.
  if (file !== undefined) accessSync(file, constants.R_OK);
  const common = { timeoutMs, ...(file !== undefined && { ca: file }) };
  const remote = (name: string, url: string, vkeys: readonly string[]) =>
    new RemoteWitness({ ...common, name, url: url.replace(/\/*$/, '/'), keys: vkeys.map(parseWitnessVkey) });
  if (who.kind === 'policy') return askedBy(who.file, keys, remote);
  const witnesses = who.ask.map(({ url, vkeys }) => remote(parseWitnessVkey(vkeys[0] ?? '').name, url, vkeys));
  return { witnesses, quorum: anyOf(who.quorum, witnesses) };
}

/** Those of a policy that have a URL. */
function askedBy(
  file: string,
  keys: LogKeys,
  remote: (name: string, url: string, vkeys: readonly string[]) => RemoteWitness,
): Asked {
  const policy = readPolicy(file);
  const logs = policy.logs.map(({ vkey }) => vkey);
  if (logs.length > 0 && !keys.known.some((vkey) => logs.includes(vkey)))
    throw new WitnessesError(`${file}: names other logs, and not ours, ${keys.current.checkpoint.vkey}`);
  const asked = new Map<Witness, RemoteWitness>();
  for (const witness of policy.witnesses) {
    const { name, url, vkey } = witness;
    if (url === undefined) continue;
    if (!/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
      throw new WitnessesError(`${file}: the URL of ${name} does not begin with https:// or http://`);
    asked.set(witness, remote(name, url, [vkey]));
  }
  const quorum = translated<Witness, Witness>(policy.quorum, (witness) => asked.get(witness) ?? witness);
  const witnesses = [...asked.values()];
  if (!isMet(quorum, new Set(witnesses)))
    throw new WitnessesError(`${file}: its quorum cannot be met by the witnesses that have a URL`);
  return { witnesses, quorum };
}

/** Throws WitnessesError. */
function readPolicy(file: string): TrustPolicy {
  try {
    return parseTrustPolicy(readFileSync(file));
  } catch (cause) {
    if (!(cause instanceof Malformed)) throw cause;
    throw new WitnessesError(`${file}: ${cause.message}`, { cause });
  }
}
