import { randomInt } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { faultPoints } from '#store/fault.ts';
import { describeWith } from '#test/oracles.ts';
import { runCampaign, type Setting, settings } from './campaign.ts';
import { roundsPerLog } from './fault.ts';

/** COUNTERSIGN_KILL_ROUNDS=n and COUNTERSIGN_KILL_SEED=n: so many rounds, and the very same. */
const asked = process.env.COUNTERSIGN_KILL_ROUNDS;
const rounds = asked === undefined ? (process.env.CI === 'true' ? 300 : 30) : Number(asked);
const seed = Number(process.env.COUNTERSIGN_KILL_SEED ?? randomInt(1, 2 ** 31));

function holds(setting: Setting, share: number): void {
  const part = Math.round(rounds * share);
  it(`A-20${settings[setting].disk ? ' A-22' : ''}: ${setting}, ${part} rounds of seed ${seed}: a log without gaps that every checkpoint ever published fits, holding every certificate that a client holds`, {
    timeout: 120_000 + part * 20_000,
  }, async () => {
    const campaign = await runCampaign(setting, part, seed);
    expect(campaign.rounds).toHaveLength(part);
    const held = campaign.rounds.reduce((sum, round) => sum + round.held, 0);
    expect(held).toBeGreaterThan(part);
    expect(campaign.records).toBeGreaterThan(held);
    expect(campaign.checkpoints).toBeGreaterThan(0);
    const points = campaign.rounds.map(({ fault, hit }) => (hit && fault.kind === 'point' ? fault.point : ''));
    const removals = campaign.rounds.flatMap(({ fault, hit }) => (hit && fault.kind === 'removal' ? fault.point : []));
    if (part >= 5 * roundsPerLog && !settings[setting].disk)
      expect(removals.map((point) => point.split('.')[0])).toEqual(expect.arrayContaining(['drop', 'erase']));
    if (part >= 4 * faultPoints.length) expect(new Set(points)).toEqual(new Set(['', ...faultPoints]));
  });
}

describe.concurrent('a log through one trouble after another', () => {
  describe('embedded', () => holds('sqlite-1', 0.35));
  describeWith(['cc'], 'embedded, on a disk that fails', () => holds('sqlite-1-disk', 0.04));
  describeWith(['postgres'], 'in PostgreSQL', () => {
    holds('postgres-1', 0.29);
    holds('postgres-3', 0.28);
  });
  describeWith(['postgres', 'cc'], 'in PostgreSQL, on a disk that fails', () => holds('postgres-1-disk', 0.04));
});
