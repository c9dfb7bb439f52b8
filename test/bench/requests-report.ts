import { plainStyle } from '#cli/terminal/style.ts';
import { table } from '#cli/terminal/table.ts';
import type { RequestsResult } from './requests.ts';

const right = (title: string) => ({ title, align: 'right' as const });
const whole = (value: number) => Math.round(value).toLocaleString('en');

export function requestsReport(results: readonly RequestsResult[]): string {
  const columns = ['objects', 'rate/s', 'API path/s', 'ratio', 'MiB before', 'MiB at most', 'load'];
  const rows = results.map(({ kind, requests, rate, limit, residentMiB: { before, most }, loadBefore }) => [
    kind,
    ...[requests, rate, limit].map(whole),
    (rate / limit).toFixed(2),
    ...[before, most].map(whole),
    loadBefore.toFixed(1),
  ]);
  return `${table([{ title: 'kind' }, ...columns.map(right)], rows, 100, plainStyle)}\n${legend}`;
}

const legend = `
rate      approved objects that waited when the server started, brought to their end a second: looked at anew, decided, signed,
          recorded durably, written, and told of in an event
API path  the same reads, writes and events by a bare client, sixteen at a time, that decides and signs nothing
`;
