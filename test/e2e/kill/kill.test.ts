import { describe, expect, it } from 'vitest';
import { faultPoints } from '#store/fault.ts';
import { runCampaign } from './campaign.ts';

const asked = process.env.COUNTERSIGN_KILL_ROUNDS;
const rounds = asked === undefined ? (process.env.CI === 'true' ? 200 : 20) : Number(asked);

describe(`a server killed ${rounds} times under load`, () => {
  it('A-20: leaves a log that verifies, without gaps or repeated serials, holding every certificate that a client holds', {
    timeout: 60_000 + rounds * 10_000,
  }, async () => {
    const campaign = await runCampaign(rounds);
    expect(campaign.rounds).toHaveLength(rounds);
    const held = campaign.rounds.reduce((sum, round) => sum + round.held, 0);
    expect(held).toBeGreaterThan(rounds);
    expect(campaign.records).toBeGreaterThan(held);
    const reached = new Set(campaign.rounds.map(({ death, hit }) => (hit && death.at === 'point' ? death.point : '')));
    if (rounds >= 2 * faultPoints.length) expect([...faultPoints].filter((point) => !reached.has(point))).toEqual([]);
  });
});
