/** By hand: node test/e2e/kill/run.ts --rounds 2000 */
import { parseArgs } from 'node:util';
import { runCampaign } from './campaign.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '200' } } });
const began = performance.now();
let count = 0;
const { rounds, records } = await runCampaign(Number(values.rounds), ({ death, hit, answered, held }) => {
  const where = death.at === 'point' ? `${death.point}:${death.pass}` : `after ${death.certificates} certificates`;
  console.log(`${++count} ${where}${hit ? '' : ' (never reached)'}: ${answered} answered, ${held} certificates held`);
});
const held = rounds.reduce((sum, round) => sum + round.held, 0);
const seconds = Math.round((performance.now() - began) / 1000);
console.log(
  `${rounds.length} rounds, ${held} certificates held by clients, ${records} records, ${seconds} s: all add up`,
);
