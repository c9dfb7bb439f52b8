import { plainStyle } from '#cli/terminal/style.ts';
import { table } from '#cli/terminal/table.ts';
import type { FairnessResult } from './fairness.ts';

const right = (title: string) => ({ title, align: 'right' as const });

export function fairnessReport(results: readonly FairnessResult[]): string {
  const rows = results.map(({ accounts, granted, refused, limit, ratioToLimit }) => [
    accounts.toLocaleString('en'),
    ...[granted, refused, limit].map((micros) => micros.toFixed(2)),
    ratioToLimit.toFixed(1),
  ]);
  const columns = [right('accounts'), ...['granted', 'refused', 'limit', 'of limit'].map(right)];
  return `${table(columns, rows, 100, plainStyle)}
granted   µs of CPU for a call that is let in and ends with a certificate; refused: for one that is not
limit     the same for finding a counter by the account's name, counting up and down; of limit: granted over it
`;
}
