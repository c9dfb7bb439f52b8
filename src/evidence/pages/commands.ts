import type { Evidence } from '../evidence.ts';
import { type QueryName, queries } from '../queries.ts';

/**
 * Commands that whoever audits can type, in a folder that has this pack as `pack`, a copy of the log as `copy`, and its key in
 * `log.vkey`.
 */

const log = '--log copy --key log.vkey';

/** Moments of `audit export` and `audit replay` are both included. */
function during({ since, until }: Evidence['period']): string {
  return `--since ${since} --until ${new Date(Date.parse(until) - 1).toISOString()}`;
}

/** Writes the same rows. */
export function exportCommand(name: QueryName, { period }: Evidence): string {
  const { type, reason } = queries[name];
  const filters = ['--type', type, ...(reason === undefined ? [] : ['--reason', reason])].join(' ');
  return `countersign audit export --log copy --log-key log.vkey ${filters} ${during(period)} -o ${name}.jsonl`;
}

export function askCommand(name: QueryName, { period }: Evidence): string | undefined {
  const { question } = queries[name];
  return question && `countersign audit ask ${question} ${during(period)}`;
}

export const replayCommand = ({ period }: Evidence): string => `countersign audit replay ${log} ${during(period)}`;
export const verifyCommand = 'countersign audit verify copy --key log.vkey';
export const verifyPackCommand = 'countersign evidence verify pack --key log.vkey';

/** Makes the same pack again, octet by octet. */
export function againCommand({ period, word, kept, witnesses }: Evidence): string {
  const trusted = witnesses === undefined ? log : '--log copy --trust-policy mesh.policy';
  const before = kept.map(({ size }) => ` --kept pack/kept/${size}.checkpoint`).join('');
  const draw = word === undefined ? '' : ` --draw '${word.replaceAll("'", "'\\''")}'`;
  return `countersign evidence --period ${period.name} ${trusted} --checkpoint pack/checkpoint${before}${draw} -o again`;
}

/** Of a record, what it is drawn by. */
export function lotCommand({ word }: Evidence): string {
  return word === undefined
    ? `printf '%s\\n%s\\n%s' ROOT QUERY INDEX | sha256sum`
    : `printf '%s\\n%s\\n%s\\n%s' ROOT QUERY INDEX WORD | sha256sum`;
}
