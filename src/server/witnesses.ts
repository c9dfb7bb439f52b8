import { readFileSync } from 'node:fs';
import { parseWitnessVkey } from '#audit/cosignature.ts';
import { Malformed } from '#audit/malformed.ts';
import { anyOf, isMet, type Quorum, translated, type Witness } from '#audit/quorum.ts';
import { parseTrustPolicy, type TrustPolicy } from '#audit/trust-policy.ts';
import type { WitnessesConfig } from '#config/server-config.ts';
import type { AuditLog } from '#issuance/ports.ts';
import type { Cosigning } from '#store/cosigning.ts';
import type { Check } from '#telemetry/health.ts';
import { watchWitnesses } from '#telemetry/witnesses.ts';
import { RemoteWitness } from '#witness/remote-witness.ts';
import { type Round, WitnessCircle } from '#witness/witness-circle.ts';
import type { Foundation } from './foundation.ts';
import type { LogKeys } from './log-keys.ts';
import { WitnessRecords } from './witness-records.ts';

/** A policy that cannot be ours. */
export class WitnessesError extends Error {
  override readonly name = 'WitnessesError';
}

/** The witnesses of our log: who is asked, and what the operator, the record and the numbers say of it. */
export class LogWitnesses {
  readonly #config: WitnessesConfig;
  readonly #circle: WitnessCircle;
  readonly #records: WitnessRecords;
  readonly #check: Check;
  /** When there was a quorum last, or this began; on the steady clock, ms. */
  #metAt = performance.now();
  #isMet: boolean | undefined;

  private constructor(foundation: Foundation, config: WitnessesConfig, keys: LogKeys) {
    this.#config = config;
    this.#records = new WitnessRecords(foundation);
    this.#check = foundation.health.register('witnesses');
    this.#check.pass();
    const { witnesses, quorum } = whoIsAsked(config, keys);
    const numbers = watchWitnesses(foundation.metrics.registry, {
      isMet: () => this.#isMet,
      standings: () => this.#circle.standings,
    });
    this.#circle = new WitnessCircle({
      witnesses,
      quorum,
      without: config.without,
      clock: foundation.clock,
      onRound: (round) => this.#took(round),
      onAsked: numbers.asked,
    });
  }

  /** Undefined where none are configured. Throws WitnessesError. */
  static open(foundation: Foundation, keys: LogKeys): LogWitnesses | undefined {
    const { witnesses } = foundation.config.audit;
    return witnesses && new LogWitnesses(foundation, witnesses, keys);
  }

  get cosigning(): Cosigning {
    return this.#circle;
  }

  recordIn(log: AuditLog): void {
    this.#records.into(log);
  }

  /** No record from here on: the log is about to close. */
  stop(): void {
    this.#records.into(undefined);
  }

  /** Why nothing is issued at present. */
  pause(): string | undefined {
    const { stopAfterMs } = this.#config;
    if (this.#isMet !== false || stopAfterMs === undefined) return undefined;
    const ms = performance.now() - this.#metAt;
    if (ms <= stopAfterMs) return undefined;
    return `not enough witnesses have cosigned the log for ${Math.round(ms / 1_000)} s; issuance goes on when they do`;
  }

  #took(round: Round): void {
    this.#isMet = round.isMet;
    if (round.isMet) this.#metAt = performance.now();
    const { standings } = this.#circle;
    this.#records.take(round, standings);
    const paused = this.pause();
    const problems = standings.flatMap(({ name, problem }) => (problem === undefined ? [] : [`${name}: ${problem}`]));
    if (paused !== undefined) this.#check.fail(paused);
    else this.#check.pass(problems.length === 0 ? undefined : problems.join('; '));
  }
}

interface Asked {
  readonly witnesses: readonly RemoteWitness[];
  readonly quorum: Quorum;
}

function whoIsAsked({ who, timeoutMs, ca: file }: WitnessesConfig, keys: LogKeys): Asked {
  const common = { timeoutMs, ...(file !== undefined && { ca: readFileSync(file, 'utf8') }) };
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
