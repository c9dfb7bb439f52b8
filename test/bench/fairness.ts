import { FairGate } from '#issuance/fairness/gate.ts';
import type { Caller } from '#policy/caller.ts';
import { callerOf, Dial } from '#test/issuance/fairness/callers.ts';
import { median } from './median.ts';

export interface FairnessResult {
  /** Service accounts that the gate knows, each asked for as often. */
  readonly accounts: number;
  /** µs of CPU to be let in and to end with a certificate. */
  readonly granted: number;
  /** µs to be refused. */
  readonly refused: number;
  /** µs of what nobody can leave out: to find a counter by the account's name, count up and down. */
  readonly limit: number;
  /** granted over limit: the median of the rounds' quotients. */
  readonly ratioToLimit: number;
}

export interface FairnessEffort {
  readonly accounts: readonly number[];
  /** Calls in a round. */
  readonly calls: number;
  readonly rounds: number;
}

export const fairnessWhole: FairnessEffort = { accounts: [1, 1_000, 100_000], calls: 100_000, rounds: 7 };
export const fairnessTiny: FairnessEffort = { accounts: [1, 100], calls: 1_000, rounds: 1 };

const plenty = { perSecond: 1_000_000, burst: 10_000_000 };
const none = { perSecond: 0.01, burst: 1 };
const limitsOf = (rate: typeof plenty) => ({
  inWork: 1024,
  keptForRenewals: 0.25,
  cluster: rate,
  namespace: rate,
  serviceAccount: rate,
  node: rate,
});

/** What the gate costs a call, by how many it knows. */
export function fairnessBenchmark({ accounts, calls, rounds }: FairnessEffort): readonly FairnessResult[] {
  return accounts.map((known) => {
    const dial = new Dial();
    const open = new FairGate(limitsOf(plenty), dial);
    const shut = new FairGate(limitsOf(none), dial);
    const counters = new Map<string, { held: number }>();
    for (let at = 0; at < known; at++) counters.set(newCaller(at).facts.identity, { held: 0 });
    const measured = Array.from({ length: rounds + 1 }, () => ({
      limit: perCall(known, calls, (caller) => count(counters, caller)),
      granted: perCall(known, calls, (caller) => grant(open, caller, dial)),
      refused: perCall(known, calls, (caller) => refuse(shut, caller)),
    })).slice(1);
    const of = (pick: (each: (typeof measured)[number]) => number) => median(measured.map(pick));
    return {
      accounts: known,
      granted: of((each) => each.granted),
      refused: of((each) => each.refused),
      limit: of((each) => each.limit),
      ratioToLimit: of((each) => each.granted / each.limit),
    };
  });
}

/** Names are made anew for every call, as in life: nobody has hashed them yet. Their making is not counted. */
function perCall(known: number, calls: number, call: (caller: Caller) => void): number {
  const callers = Array.from({ length: calls }, (_, at) => newCaller(scattered(at) % known));
  const before = process.threadCpuUsage();
  for (const caller of callers) call(caller);
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / calls;
}

/** So that neighbours in time are none in memory (Knuth's multiplicative hash). */
const scattered = (at: number) => Math.imul(at, 2_654_435_761) >>> 0;

const newCaller = (at: number): Caller =>
  callerOf({
    cluster: 'Kubernetes',
    namespace: `ns-${at % 100}`,
    account: `sa-${at}`,
    pod: `pod-${at}`,
    node: `node-${at % 1000}`,
  });

function count(counters: ReadonlyMap<string, { held: number }>, { facts }: Caller): void {
  const counter = counters.get(facts.identity);
  if (counter === undefined) throw new Error(`${facts.identity} is not there`);
  counter.held++;
  counter.held--;
}

function grant(gate: FairGate, caller: Caller, dial: Dial): void {
  const now = Math.floor(dial.ms / 1000);
  gate.enter(caller).issued({ notBefore: now, notAfter: now + 86_400 });
}

function refuse(gate: FairGate, caller: Caller): void {
  try {
    // The first of an account gets in, and never ends.
    gate.enter(caller);
  } catch {
    // as expected
  }
}
