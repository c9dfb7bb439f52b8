import { Dice } from '#test/fuzz/mutate.ts';
import { planned, roundsPerLog, wordsOf } from './fault.ts';
import { PostgresGround } from './postgres-ground.ts';
import { SqliteGround } from './sqlite-ground.ts';
import { type Round, Stage } from './stage.ts';

/** Where a log is kept, how many write it, and whether it is the disk that fails. */
export const settings = {
  'sqlite-1': { engine: 'sqlite', replicas: 1, disk: false },
  'sqlite-1-disk': { engine: 'sqlite', replicas: 1, disk: true },
  'postgres-1': { engine: 'postgres', replicas: 1, disk: false },
  'postgres-1-disk': { engine: 'postgres', replicas: 1, disk: true },
  'postgres-3': { engine: 'postgres', replicas: 3, disk: false },
} as const;
export type Setting = keyof typeof settings;

export interface Campaign {
  readonly rounds: readonly Round[];
  readonly records: number;
  readonly checkpoints: number;
}

/** So many troubles, which the seed alone chooses; throws on the first thing that does not add up, and says how to see it again. */
export async function runCampaign(
  setting: Setting,
  rounds: number,
  seed: number,
  onRound: (round: Round) => void = () => {},
): Promise<Campaign> {
  const { engine, replicas, disk } = settings[setting];
  const faults = planned(disk ? 'disk' : engine, replicas, rounds, new Dice(seed));
  const done: Round[] = [];
  const sums = { records: 0, checkpoints: 0 };
  const database = engine === 'postgres' ? await PostgresGround.of(replicas, disk) : undefined;
  try {
    for (let from = 0; from < rounds; from += roundsPerLog) {
      database?.begin();
      await using stage = new Stage((home) => database ?? new SqliteGround(home, disk), replicas);
      if (!disk) await stage.fill();
      for (const fault of faults.slice(from, from + roundsPerLog)) {
        const round = await stage.round(fault);
        done.push(round);
        onRound(round);
      }
      const { records, checkpoints } = await stage.finish();
      sums.records += records;
      sums.checkpoints += checkpoints;
    }
  } catch (thrown) {
    const fault = faults[done.length];
    const where = `${setting}, round ${done.length + 1}${fault === undefined ? '' : ` (${wordsOf(fault)})`}`;
    const again = `node test/e2e/kill/run.ts --setting ${setting} --seed ${seed} --rounds ${rounds}`;
    throw new Error(`${where}: ${thrown instanceof Error ? thrown.message : String(thrown)}\nAgain: ${again}`, {
      cause: thrown,
    });
  } finally {
    await database?.[Symbol.asyncDispose]();
  }
  return { rounds: done, ...sums };
}
