import { type FaultPoint, faultPoints, type RemovalPoint, removalPoints } from '#store/fault.ts';
import type { Dice } from '#test/fuzz/mutate.ts';
import type { DiskTrouble } from '#test/support/faulty-disk/faulty-disk.ts';
import type { Misfortune } from '#test/support/postgres/unruly-proxy.ts';

/** What befalls a log in one round. All but `point` come once clients hold so many new certificates. */
export type Fault = { readonly certificates: number } & (
  | { readonly kind: 'point'; readonly point: FaultPoint; readonly pass: number }
  /** While bodies are dropped, or values beside the log erased. */
  | { readonly kind: 'removal'; readonly point: RemovalPoint; readonly pass: number }
  | { readonly kind: 'killed'; readonly victim: number; readonly thenMs: number }
  /** Neither dead nor alive for so long, perhaps with the lock that all take turns at: the others have to go on without it. */
  | { readonly kind: 'stopped'; readonly victim: number; readonly ms: number }
  /** The servers and their database, at one moment. */
  | { readonly kind: 'power' }
  | { readonly kind: 'commit'; readonly victim: number; readonly misfortunes: readonly Misfortune[] }
  | {
      readonly kind: 'network';
      readonly victim: number;
      readonly trouble: 'cut' | 'stall' | 'hole';
      readonly ms: number;
    }
  | { readonly kind: 'database'; readonly trouble: 'crash' | 'restart' | 'failover' }
  /** For so long, where nobody ends of it. */
  | { readonly kind: 'disk'; readonly trouble: DiskTrouble; readonly ms: number }
);

type Kind = Exclude<Fault['kind'], 'removal'> | 'failover';
type Removal = 'dropping' | 'erasing';

/** Which troubles come in turn, over and over: those of an engine, and those of its disk. */
const turns = {
  sqlite: ['point', 'killed', 'point', 'killed', 'point', 'killed', 'point'],
  postgres: [
    'point',
    'killed',
    'network',
    'point',
    'commit',
    'killed',
    'database',
    'point',
    'network',
    'commit',
    'power',
  ],
  disk: ['disk'],
} as const satisfies Record<string, readonly Kind[]>;
export type Turns = keyof typeof turns;

/** Of so many rounds the last is a failover, for which a standby has to be made, and one in the middle a stop, which others wait for. */
const rareEvery = 25;

/** After so many rounds a log is closed and a new one begun: it is read whole after every round. */
export const roundsPerLog = 15;
/** Rounds of a log in which its oldest bodies go, and after that values that are kept beside it. */
const dropsAt = 1;
const erasesAt = 8;

/** Of what the database does in one step nobody can be killed in the middle. */
const inSteps = removalPoints.filter((point) => !point.endsWith('.deleted'));
const of = (points: readonly RemovalPoint[], removal: Removal) =>
  points.filter((point) => point.startsWith('erase.') === (removal === 'erasing'));
const removals = {
  dropping: { sqlite: of(removalPoints, 'dropping'), postgres: of(inSteps, 'dropping'), disk: [] },
  erasing: { sqlite: of(removalPoints, 'erasing'), postgres: of(inSteps, 'erasing'), disk: [] },
} as const satisfies Record<Removal, Record<Turns, readonly RemovalPoint[]>>;

const misfortunes = ['lost', 'answer', 'half', 'late', 'later'] as const satisfies readonly Misfortune[];

/** What a campaign of so many rounds brings, in order; it follows from the dice alone. */
export function planned(troubles: Turns, replicas: number, rounds: number, dice: Dice): Fault[] {
  const kinds: readonly Kind[] = turns[troubles];
  const firstPoint = dice.below(faultPoints.length);
  const faults: Fault[] = [];
  for (let points = firstPoint; faults.length < rounds; ) {
    const kind = kinds[faults.length % kinds.length] ?? 'killed';
    const rare = rareAt(troubles, faults.length);
    const point = faultPoints[points % faultPoints.length] ?? 'batch.received';
    if (rare === 'dropping' || rare === 'erasing') faults.push(removal(removals[rare][troubles], faults, dice));
    else faults.push(faultOf(rare ?? kind, point, replicas, dice));
    if (rare === undefined && kind === 'point') points++;
  }
  return faults;
}

function rareAt(troubles: Turns, round: number): Kind | Removal | undefined {
  if (troubles === 'disk') return undefined;
  if (troubles === 'postgres' && round % rareEvery === rareEvery - 1) return 'failover';
  if (round % roundsPerLog === dropsAt) return 'dropping';
  if (round % roundsPerLog === erasesAt) return 'erasing';
  return troubles === 'postgres' && round % rareEvery === Math.floor(rareEvery / 2) - 1 ? 'stopped' : undefined;
}

/** Each point has its turn, beginning anywhere. */
function removal(points: readonly RemovalPoint[], before: readonly Fault[], dice: Dice): Fault {
  const turns = before.flatMap((fault) => (fault.kind === 'removal' ? points.indexOf(fault.point) : []));
  const last = turns.findLast((turn) => turn >= 0) ?? dice.below(points.length);
  const point = points[(last + 1) % points.length] ?? 'drop.recorded';
  const pass = point === 'drop.committed' || point === 'withdraw.retained' ? 1 + dice.below(2) : 1;
  return { kind: 'removal', certificates: 0, point, pass };
}

function faultOf(kind: Kind, point: FaultPoint, replicas: number, dice: Dice): Fault {
  const certificates = 1 + dice.below(60);
  const victim = dice.below(replicas);
  switch (kind) {
    case 'point':
      return { kind, certificates, point, pass: passOf(point, dice) };
    case 'killed':
      return { kind, certificates, victim, thenMs: dice.below(30) };
    case 'stopped':
      return { kind, certificates, victim, ms: dice.below(300) };
    case 'power':
      return { kind, certificates };
    case 'commit': {
      const plan = Array.from({ length: 1 + dice.below(3) }, () => dice.pick(misfortunes));
      return { kind, certificates, victim, misfortunes: plan };
    }
    case 'network':
      return { kind, certificates, victim, trouble: dice.pick(['cut', 'stall', 'hole']), ms: dice.below(300) };
    case 'database':
      return { kind, certificates, trouble: dice.pick(['crash', 'restart']) };
    case 'disk':
      return { kind, certificates, trouble: dice.pick(['full', 'sync']), ms: dice.below(300) };
    case 'failover':
      return { kind: 'database', certificates, trouble: 'failover' };
  }
}

/** Batches are many a second, publications two: each pass lies within a second of the start. */
function passOf(point: FaultPoint, dice: Dice): number {
  return point.startsWith('publish.') ? 1 + dice.below(2) : 2 + dice.below(12);
}

export function wordsOf(fault: Fault): string {
  const { kind, certificates, ...rest } = fault;
  const details = Object.entries(rest).map(([name, value]) => `${name} ${String(value)}`);
  return [
    kind,
    ...(kind === 'point' || kind === 'removal' ? [] : [`after ${certificates} certificates`]),
    ...details,
  ].join(', ');
}
