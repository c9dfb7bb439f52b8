import { plainStyle } from '#cli/terminal/style.ts';
import { table } from '#cli/terminal/table.ts';
import type { LogResult } from './benchmark.ts';

/** Least rate of issuance with the log over that without, and of a full store over an empty one; most p99 of an append, ms. */
export const goals = { ofOff: 0.85, ofEmpty: 0.8, p99: 20 } as const;

const right = (title: string) => ({ title, align: 'right' as const });
const whole = (value: number) => Math.round(value).toLocaleString('en');
const ms = (value: number | undefined) => (value === undefined ? '–' : value.toFixed(2));
const against = (value: number, goal: number) => `${value.toFixed(2)} ${value >= goal ? 'met' : 'MISSED'}`;

export function logReport({ machine, disk, appends, paths, filled }: LogResult): string {
  const head = `${machine.cores} cores of ${machine.cpu}, Node ${machine.node}; ${disk.fileSystem}, an append of 4 KiB with fdatasync: p50 ${ms(disk.syncP50)} ms, p99 ${ms(disk.syncP99)} ms`;
  return `${[head, ...tables({ appends, paths, filled })].join('\n\n')}\n${legend}`;
}

const legend = `
callers  of each replica, each with one append at a time; the rate is that of all replicas together
CPU      user and system of the replicas' processes, µs for a record or certificate; a database's comes on top
of off   the rate with the log over that without, of runs side by side, medians; goal ${goals.ofOff}
of empty the rate on a store of so many rows over that on an empty one; goal ${goals.ofEmpty}
`;

function tables({ appends, paths, filled }: Pick<LogResult, 'appends' | 'paths' | 'filled'>): string[] {
  const appendRows = appends.map(({ engine, replicas, callers, rate, p50, p99, recordsPerBatch, cpuMicros }) => [
    engine,
    `${replicas}`,
    `${callers}`,
    whole(rate),
    ms(p50),
    `${ms(p99)}${p99 < goals.p99 ? '' : ' !'}`,
    recordsPerBatch.toFixed(1),
    whole(cpuMicros),
  ]);
  const pathRows = paths.flatMap(({ replicas, off, ways }) => [
    ['none', `${replicas}`, whole(off.rate), ms(off.p50), ms(off.p99), whole(off.cpuMicros), '', ''],
    ...ways.map(({ log, run, ofOff, cpuOfOff }) => [
      log,
      `${replicas}`,
      whole(run.rate),
      ms(run.p50),
      ms(run.p99),
      whole(run.cpuMicros),
      against(ofOff, goals.ofOff),
      cpuOfOff.toFixed(2),
    ]),
  ]);
  const filledRows = filled.map(({ engine, rows, rate, openMs, cpuMicros, ofEmpty, cpuOfEmpty }) => [
    engine,
    whole(rows),
    whole(rate),
    whole(openMs),
    cpuMicros.toFixed(1),
    against(ofEmpty, goals.ofEmpty),
    cpuOfEmpty.toFixed(2),
  ]);
  const made = (title: string, columns: readonly string[], rows: readonly (readonly string[])[]) =>
    rows.length === 0 ? [] : [table([{ title }, ...columns.map(right)], rows, 100, plainStyle)];
  return [
    ...made('appends', ['replicas', 'callers', 'rate/s', 'p50 ms', 'p99 ms', 'per batch', 'CPU'], appendRows),
    ...made('issuance', ['replicas', 'rate/s', 'p50 ms', 'p99 ms', 'CPU', 'of off', 'by CPU'], pathRows),
    ...made('store', ['rows', 'rate/s', 'open ms', 'CPU', 'of empty', 'by CPU'], filledRows),
  ];
}
