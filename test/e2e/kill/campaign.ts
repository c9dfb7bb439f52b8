import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FaultPoint, faultPoints } from '#store/fault.ts';
import { type Death, KilledServer, type Round } from './killed-server.ts';

export interface Campaign {
  readonly rounds: readonly Round[];
  readonly records: number;
}

/** After so many rounds a home is closed and a new one begun: its log is read whole after every death. */
const roundsPerHome = 25;
const lanes = 2;

/** Kills servers `rounds` times, at fault points and at random in turn; throws on the first thing that does not add up. */
export async function runCampaign(rounds: number, onRound: (round: Round) => void = () => {}): Promise<Campaign> {
  const cache = mkdtempSync(join(tmpdir(), 'countersign-compiled-'));
  const deaths = deathsFor(rounds);
  const done: Round[] = [];
  let records = 0;
  const lane = async () => {
    while (deaths.length > 0) {
      using server = new KilledServer(cache);
      for (const death of deaths.splice(0, roundsPerHome)) {
        const round = await server.round(death);
        done.push(round);
        onRound(round);
      }
      // Two lanes add up: the sum is read after the wait, not before it.
      const finished = await server.finish();
      records += finished;
    }
  };
  try {
    await Promise.all(Array.from({ length: lanes }, lane));
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
  return { rounds: done, records };
}

/** Every fault point as often as any other, and as many deaths at random as at all points together. */
function deathsFor(rounds: number): Death[] {
  return Array.from({ length: rounds }, (_, at): Death => {
    const point = faultPoints[(at >> 1) % faultPoints.length];
    return at % 2 === 1 || point === undefined
      ? { at: 'random', certificates: randomInt(1, 300), thenMs: randomInt(0, 30) }
      : { at: 'point', point, pass: passOf(point) };
  });
}

/** Batches are many a second, publications two: each pass lies within a second of the start. */
function passOf(point: FaultPoint): number {
  return point.startsWith('publish.') ? randomInt(1, 3) : randomInt(3, 40);
}
