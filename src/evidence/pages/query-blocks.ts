import { columns } from '#audit/questions/columns.ts';
import type { Evidence, QueryResult } from '../evidence.ts';
import { mostListed } from '../gather/gathered-query.ts';
import { tallies, tallyNames } from '../gather/tallies.ts';
import { type QueryName, queries } from '../queries.ts';
import { askCommand, exportCommand } from './commands.ts';
import { type Block, plural } from './report.ts';

const mostWords = 6;

/** A query with its command, its answer and its proofs. */
export function queryBlocks(name: QueryName, evidence: Evidence): Block[] {
  const result = evidence.queries.find((each) => each.name === name);
  const { asks } = queries[name];
  const ask = askCommand(name, evidence);
  return [
    { block: 'heading', text: asks },
    { block: 'code', label: 'The query', text: exportCommand(name, evidence) },
    ...(ask === undefined
      ? []
      : [{ block: 'code', label: 'At the machine of the CA, with what belongs to it', text: ask } as const]),
    { block: 'text', text: answerOf(result) },
    ...(result === undefined || result.records === 0
      ? []
      : [...talliesOf(result), rowsOf(name, result), proofsOf(result)]),
  ];
}

function answerOf(result: QueryResult | undefined): string {
  if (result === undefined || result.records === 0) return 'The log has no such record in this period.';
  const { records, requests, rows, name } = result;
  const flood = requests > records ? `, which stand for ${requests} requests` : '';
  const beside =
    rows === records
      ? `All of them are in \`rows/${name}.jsonl\`, each proven.`
      : `The first ${rows} are in \`rows/${name}.jsonl\`, each proven; the command gives all.`;
  return `${plural(records, 'record')}${flood}. ${beside}`;
}

/** Of a tally that has one word there is nothing to compare. */
function talliesOf({ tallies: all }: QueryResult): Block[] {
  const facts = all.flatMap(({ by, words }): [string, string][] => {
    const name = tallyNames.find((each) => each === by);
    if (name === undefined || words.length === 0) return [];
    const shown = words.slice(0, mostWords).map(({ word, count }) => `${word}: ${count}`);
    const more = words.length > mostWords ? [`${words.length - mostWords} more in evidence.json`] : [];
    return [[tallies[name].title, [...shown, ...more].join('; ')]];
  });
  return facts.length === 0 ? [] : [{ block: 'facts', facts }];
}

function rowsOf(name: QueryName, { listed, records }: QueryResult): Block {
  const shown = queries[name].columns.map((column) => columns[column]);
  const filled = shown.map((_, at) => listed.some(({ cells }) => cells[at] !== '' && cells[at] !== undefined));
  const caption = records <= mostListed ? 'All of them' : `${listed.length} of ${records}, drawn by the root`;
  return {
    block: 'table',
    caption,
    columns: [
      { title: 'Index', align: 'right', share: 0.6 },
      ...shown.flatMap(({ title }, at) => (filled[at] ? [{ title: titled(title), share: shareOf(title) }] : [])),
    ],
    rows: listed.map(({ index, cells }) => [String(index), ...cells.filter((_, at) => filled[at])]),
  };
}

const titled = (title: string) => `${title.slice(0, 1)}${title.slice(1).toLowerCase()}`;
const wide: readonly string[] = ['IDENTITY', 'ASKED FOR', 'CALLER', 'MESSAGE', 'BEFORE', 'AFTER', 'SERIAL'];
const shareOf = (title: string) =>
  wide.includes(title) ? 2.2 : ['TIME', 'NOT AFTER', 'NOT BEFORE'].includes(title) ? 2 : 1;

function proofsOf({ drawn }: QueryResult): Block {
  const files = drawn.map((index) => `\`proofs/${index}.tlog-proof\``).join(', ');
  return { block: 'text', quiet: true, text: `Drawn and proven one by one: ${files}.` };
}
