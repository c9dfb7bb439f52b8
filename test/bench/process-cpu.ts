import { readFileSync } from 'node:fs';

/** USER_HZ is 100 on every Linux that Node runs on: µs of one tick of /proc. */
const tick = 10_000;

/** CPU time, user and system, µs: of the process with all its threads, and of its children that have ended. */
export function cpuOf(pid: number | 'self'): { readonly own: number; readonly children: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // the second field is the name in parentheses, which may hold anything
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const sum = (first: number) => (Number(fields[first]) + Number(fields[first + 1])) * tick;
  return { own: sum(11), children: sum(13) };
}

/** Resident set, MiB. */
export const residentOf = (pid: number): number => mebibytes(pid, 'VmRSS');

/** The most that it ever was. */
export const peakOf = (pid: number): number => mebibytes(pid, 'VmHWM');

function mebibytes(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const kib = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) / 1024;
}
