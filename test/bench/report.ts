import { plainStyle } from '#cli/terminal/style.ts';
import { table } from '#cli/terminal/table.ts';
import type { KeyPlace, PathResult, Result } from './benchmark.ts';
import type { Run } from './load.ts';
import type { MemoryResult } from './memory.ts';

/** What is aimed at: with connections kept, by the key's place, and with a new connection for every certificate. */
export const goals = { software: 0.7, softhsm: 0.6, new: 0.7, logShare: 0.15 } as const;

const width = 100;
const right = (title: string) => ({ title, align: 'right' as const });
const micros = (value: number | undefined) => (value === undefined ? '–' : `${Math.round(value)}`);
const ms = (value: number | undefined) => (value === undefined ? '–' : value.toFixed(1));
const perSecond = (value: number) => Math.round(value).toLocaleString('en');
const ratio = (value: number) => value.toFixed(2);

/** Tables of at most 100 columns. */
export function report(result: Result): string {
  const { machine } = result;
  return [
    `${machine.cores} cores of ${machine.cpu}, Node ${machine.node}, OpenSSL ${machine.openssl}\n`,
    'What one of each costs here, µs of CPU',
    costs(result),
    'From request to answer: policy, log and metrics on, a JWT (ES256) for every call',
    paths(result.paths),
    logLine(result),
    legend,
  ].join('\n');
}

const legend = `
limit    a server with the same door that only verifies token and CSR, signs, and verifies its own signature;
         driven in turn with the full one; medians. of limit: rate of the full path over the limit's; by CPU: the
         limit's CPU over the full path's, which a noisy machine disturbs less
CPU      user and system of the server's process, per certificate, µs; the load generator's comes on top
new TLS  a new connection with its full handshake for every certificate
log      under a load like this the inventory (what questions are asked of) waits: about 40 µs a record, paid later
`;

function costs({ parts, emptyCall }: Result): string {
  const of = (key: KeyPlace, part: 'csrVerify' | 'sign' | 'verifyOwn' | 'tokenVerify' | 'append') =>
    micros(parts[key]?.[part]);
  const rows: [string, string][] = [
    ['import the key of a P-256 CSR and verify its signature', of('software', 'csrVerify')],
    ['verify an ES256 token (jose)', of('software', 'tokenVerify')],
    ['sign with P-256 in software', of('software', 'sign')],
    ['sign with P-256 in SoftHSM', of('softhsm', 'sign')],
    ['verify our own P-256 signature', of('software', 'verifyOwn')],
    ['an empty unary call over TLS, connection kept', micros(emptyCall.kept.cpuMicros)],
    ['an empty unary call on a new TLS connection', micros(emptyCall.new.cpuMicros)],
    [
      `a committed record, published and listed (${perSecond(parts.software?.appendRate ?? 0)} a second, alone)`,
      of('software', 'append'),
    ],
  ];
  return table([{ title: 'part' }, right('CPU')], rows, width, plainStyle);
}

function paths(results: readonly PathResult[]): string {
  const columns = [
    'at once',
    'rate/s',
    'p50 ms',
    'p99 ms',
    'CPU',
    'limit/s',
    'limit CPU',
    'loader',
    'of limit',
    'by CPU',
    'goal',
  ];
  return table([{ title: 'key' }, ...columns.map(right)], results.map(pathRow), width, plainStyle);
}

function pathRow(path: PathResult): string[] {
  const { key, concurrency, connections, full, limit } = path;
  const run = ({ rate, p50, p99, cpuMicros }: Run) => [perSecond(rate), ms(p50), ms(p99), micros(cpuMicros)];
  return [
    key,
    connections === 'new' ? 'new TLS' : `${concurrency}`,
    ...run(full),
    perSecond(limit.rate),
    micros(limit.cpuMicros),
    micros(full.loaderMicros),
    ratio(path.ratioToLimit),
    ratio(path.cpuRatio),
    ratio(connections === 'new' ? goals.new : goals[key]),
  ];
}

function logLine({ log }: Result): string {
  const share = (log.share * 100).toFixed(1);
  const [on, off] = [perSecond(log.on.rate), perSecond(log.off.rate)];
  const cpu = micros(log.on.cpuMicros - log.off.cpuMicros);
  return `\nThe log costs ${share} % of the rate (goal: at most ${goals.logShare * 100} %): ${on}/s with, ${off}/s without; ${cpu} µs of CPU.`;
}

export function memoryReport(result: MemoryResult): string {
  const { minutes, certificates, least, most, slope } = result;
  const range = `${least.toFixed(0)} to ${most.toFixed(0)} MiB`;
  return `${minutes} minutes of full load, ${certificates.toLocaleString('en')} records: ${range} resident, ${slope.toFixed(2)} MiB a minute in the second half\n`;
}
