import { stringify } from 'yaml';
import type { ConfigurationInForce, Evidence, PolicySetInForce } from '../evidence.ts';
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
      ...policySets.flatMap((set): Block[] => [
        { block: 'heading', text: `Policy set ${set.id.slice(0, 16)}` },
        factsOf('Hash of its text', set),
        ...(set.documents === undefined
          ? [{ block: 'text', text: 'Its text is not in the log: it was too long for its record.' } as const]
          : set.documents.map(
              ({ name, content }) => ({ block: 'code', label: `Policy ${name}`, text: yaml(content) }) as const,
            )),
      ]),
      ...configurations.flatMap((configuration): Block[] => [
        { block: 'heading', text: `Configuration ${configuration.id.slice(0, 16)}` },
        factsOf('Hash of its file', configuration),
        configuration.content === undefined
          ? { block: 'text', text: 'The log has digests of its parts alone: it was too long for its record.' }
          : { block: 'code', label: 'Configuration, secrets masked', text: yaml(configuration.content) },
      ]),
    ],
  };
}

function factsOf(hashed: string, { id, index, time, loads }: PolicySetInForce | ConfigurationInForce): Block {
  return {
    block: 'facts',
    facts: [
      [hashed, id],
      ['First loaded', `${time}, record ${index}, \`proofs/${index}.tlog-proof\``],
      ['Loads in the period', String(loads)],
    ],
  };
}

const yaml = (content: unknown) => stringify(content, { lineWidth: 100, aliasDuplicateObjects: false }).trimEnd();
