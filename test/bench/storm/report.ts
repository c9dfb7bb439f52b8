import { plainStyle } from '#cli/terminal/style.ts';
import { table } from '#cli/terminal/table.ts';
import type { StormReport } from './storms.ts';

const right = (title: string) => ({ title, align: 'right' as const });
const seconds = (ms: number) => (ms / 1000).toFixed(1);
const whole = (value: number) => Math.round(value).toLocaleString('en');

/** Tables of at most 120 columns. */
export function stormReport(reports: readonly StormReport[]): string {
  const columns = ['pods', 'served', 'p50 s', 'p99 s', 'last s', 'attempts', 'refused', 'unready', 'slowest s'];
  const costs = ['CPU', 'API CPU', 'agents', 'MiB', 'load'];
  const rows = reports.map((each) => [
    each.tokens,
    whole(each.pods),
    whole(each.served),
    ...[each.p50, each.p99, each.last].map(seconds),
    `${each.mostAttempts}`,
    whole(each.codes.ResourceExhausted ?? 0),
    `${each.readiness.lost}/${each.readiness.asked}`,
    seconds(each.readiness.slowest),
    ...[each.cpuMicros, each.apiCpuMicros, each.agentMicros, each.peak].map(whole),
    each.loadBefore.toFixed(1),
  ]);
  const all = [{ title: 'tokens' }, ...[...columns, ...costs].map(right)];
  return `${table(all, rows, 120, plainStyle)}${problems(reports)}${legend}`;
}

function problems(reports: readonly StormReport[]): string {
  return reports
    .flatMap(({ tokens, problems: all }) => all.map((problem) => `\n${tokens}: ${problem}`))
    .concat('\n')
    .join('');
}

const legend = `
all agents begin in one moment, each on a TLS connection of its own that it keeps, from an address for each hundred;
they retry as Istio's agent does, and run beside the server on the same cores. Limits as shipped
attempts  most calls of one agent          refused   answers RESOURCE_EXHAUSTED, all of which came again
unready   of all looks at the probe, ten a second, those that took over a second           slowest   the answer to one of them
CPU       µs for each certificate: of the server, of kube-apiserver and etcd, of the agents
MiB       resident at most                 load      of the machine in the minute before
`;
