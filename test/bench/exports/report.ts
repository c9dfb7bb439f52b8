import { plainStyle } from '#cli/terminal/style.ts';
import { table } from '#cli/terminal/table.ts';
import type { ExportsResult } from './benchmark.ts';
import type { Spread } from './issuance.ts';

const right = (title: string) => ({ title, align: 'right' as const });
const thousands = (rate: number) => `${(rate / 1_000).toFixed(1)}k`;
const percent = (share: number) => `${share < 0 ? '' : '+'}${(100 * share).toFixed(1)} %`;
const spread = ({ median, least, most }: Spread) =>
  `${percent(median - 1)} (${percent(least - 1)} to ${percent(most - 1)})`;

export function exportsReport({ records, sinks, issuance }: ExportsResult): string {
  const rows = sinks.map(({ sink, format, rate, limit, ofLimit, cpuMicros, limitMicros }) => [
    sink,
    format,
    thousands(rate),
    thousands(limit),
    ofLimit.toFixed(2),
    cpuMicros.toFixed(1),
    limitMicros.toFixed(1),
  ]);
  const columns = [{ title: 'sink' }, { title: 'format' }];
  const numbers = ['records/s', 'limit/s', 'of limit', 'CPU', 'limit CPU'].map(right);
  const { concurrency, allMicros } = issuance;
  const perSecond = (rate: number) => Math.round(rate).toLocaleString('en');
  return `${records} records to each, receivers on this machine

${table([...columns, ...numbers], rows, 100, plainStyle)}
limit   the same read and made into rows or objects, and brought to nobody; CPU: of our side for a record, µs

Issuance, ${concurrency} at once, with a file, Elasticsearch and S3 as sinks beside none, in turn
rate            ${perSecond(issuance.with.rate)}/s with, ${perSecond(issuance.without.rate)}/s without: ${spread(issuance.rate)}
CPU under load  ${issuance.with.cpuMicros.toFixed(0)} µs a certificate with, ${issuance.without.cpuMicros.toFixed(0)} without: ${spread(issuance.cpu)}
CPU in the end  ${allMicros.with.toFixed(0)} µs with, ${allMicros.without.toFixed(0)} without: until nothing is left to do, inventory and exports included
The median of the rounds' quotients, and their least and most.
`;
}
