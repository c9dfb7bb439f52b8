/** By hand: node test/e2e/kill/run.ts --setting postgres-3 --rounds 2000 --seed 7 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { runCampaign, type Setting, settings } from './campaign.ts';
import { wordsOf } from './fault.ts';

const { values } = parseArgs({
  options: {
    setting: { type: 'string', default: 'sqlite-1' },
    rounds: { type: 'string', default: '100' },
    seed: { type: 'string', default: String(randomInt(1, 2 ** 31)) },
  },
});
const began = performance.now();
let before = began;
let count = 0;
console.log(`${values.setting}, seed ${values.seed}`);
const campaign = await runCampaign(
  settingOf(values.setting),
  Number(values.rounds),
  Number(values.seed),
  ({ fault, hit, held }) => {
    const now = performance.now();
    const took = Math.round(now - before);
    before = now;
    console.log(`${++count} ${wordsOf(fault)}${hit ? '' : ' (never reached)'}: ${held} certificates held, ${took} ms`);
  },
);
const held = campaign.rounds.reduce((sum, round) => sum + round.held, 0);
const seconds = Math.round((performance.now() - began) / 1000);
console.log(
  `${campaign.rounds.length} rounds, ${held} certificates held by clients, ${campaign.records} records, ${campaign.checkpoints} checkpoints, ${seconds} s: all add up`,
);

function settingOf(text: string): Setting {
  const found = Object.keys(settings).find((name): name is Setting => name === text);
  if (found === undefined) throw new RangeError(`--setting takes ${Object.keys(settings).join(', ')}, not ${text}`);
  return found;
}
