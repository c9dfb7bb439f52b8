import type { Control, Standard } from '../controls/control.ts';
import type { Evidence } from '../evidence.ts';
import { ofControl } from './findings.ts';
import { queryBlocks } from './query-blocks.ts';
import { type Block, type Page, plural } from './report.ts';
import { settingsBlocks, shownBlocks } from './shown-blocks.ts';

/** One control: what it demands, the rules in force, what the log says to it, and what it cannot say. */
export function controlPage(control: Control, { name }: Standard, evidence: Evidence): Page {
  const { number, title, demands, answers, elsewhere, shows = [], queries } = control;
  const noted = ofControl(evidence, control);
  const records = evidence.queries.filter((query) => queries.some((each) => each === query.name));
  const all = records.reduce((sum, query) => sum + query.records, 0);
  return {
    id: idOf(`${name} ${number}`),
    title: `${number}  ${title}`,
    part: name,
    sum: sumOf(all, noted.length),
    blocks: [
      {
        block: 'facts',
        facts: [
          ['Demands', demands],
          ['The log answers', answers],
          ['Not answered here', elsewhere],
        ],
      },
      ...(all === 0 && shows.length === 0
        ? [{ block: 'text', text: 'The log has nothing to show for this in this period.' } as const]
        : []),
      ...(noted.length === 0
        ? []
        : [{ block: 'heading', text: 'To be noticed' } as const, { block: 'list', items: noted } as const]),
      ...settingsBlocks(control, evidence),
      ...shows.flatMap((shown): Block[] => shownBlocks(shown, evidence)),
      ...queries.flatMap((query) => queryBlocks(query, evidence)),
    ],
  };
}

function sumOf(records: number, noted: number): string {
  const found = records === 0 ? 'no records' : plural(records, 'record');
  return noted === 0 ? found : `${found}, ${noted} to be noticed`;
}

const idOf = (text: string) =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/-$/, '');
