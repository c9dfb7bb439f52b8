import { stringify } from 'yaml';
import type { Evidence } from '../evidence.ts';
import { type Block, type Page, plural } from './report.ts';

/** The text of what was in force, as the log has it. */
export function rulesPage({ rules, period }: Evidence): Page {
  const { policySets, configurations } = rules;
  return {
    id: 'rules',
    title: 'Rules in force',
    part: 'Rules in force',
    sum: `${plural(policySets.length, 'policy set')}, ${plural(configurations.length, 'configuration')}`,
    blocks: [
      {
        block: 'text',
        text: `Those that were in force when the period began at ${period.since}, and those that came in it. Each stands in the log as it is here; the records are proven.`,
      },
      ...policySets.flatMap(({ id, index, time, loads, documents }): Block[] => [
        { block: 'heading', text: `Policy set ${id.slice(0, 16)}` },
        {
          block: 'facts',
          facts: [
            ['Hash of its text', id],
            ['First loaded', `${time}, record ${index}, \`proofs/${index}.tlog-proof\``],
            ['Loads in the period', String(loads)],
          ],
        },
        ...(documents === undefined
          ? [{ block: 'text', text: 'Its text is not in the log: it was too long for its record.' } as const]
          : documents.map(
              ({ name, content }) => ({ block: 'code', label: `Policy ${name}`, text: yaml(content) }) as const,
            )),
      ]),
      ...configurations.flatMap(({ id, index, time, loads, content }): Block[] => [
        { block: 'heading', text: `Configuration ${id.slice(0, 16)}` },
        {
          block: 'facts',
          facts: [
            ['Hash of its file', id],
            ['First loaded', `${time}, record ${index}, \`proofs/${index}.tlog-proof\``],
            ['Loads in the period', String(loads)],
          ],
        },
        content === undefined
          ? { block: 'text', text: 'The log has digests of its parts alone: it was too long for its record.' }
          : { block: 'code', label: 'Configuration, secrets masked', text: yaml(content) },
      ]),
    ],
  };
}

const yaml = (content: unknown) => stringify(content, { lineWidth: 100, aliasDuplicateObjects: false }).trimEnd();
