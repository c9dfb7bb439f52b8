import { standards } from '../controls/standards.ts';
import type { Evidence } from '../evidence.ts';
import { drawn } from '../gather/draw.ts';
import { againCommand, lotCommand, verifyCommand, verifyPackCommand } from './commands.ts';
import { alarmed, cosignedBy, endsEarly, limits, misfits } from './findings.ts';
import { type Block, type Page, plural } from './report.ts';

/** The first page: what was looked at, what is wrong with it, and how to check all of it. */
export function coverPage(evidence: Evidence): Page {
  const { period, log, kept, program, word } = evidence;
  const wrong = misfits(evidence);
  const end = endsEarly(evidence) ? ' The period is not over in this log.' : '';
  return {
    id: 'summary',
    title: 'Summary',
    part: 'Summary',
    sum: '',
    blocks: [
      {
        block: 'facts',
        facts: [
          ['Period', `${period.since} to ${period.until} (UTC; the end is not included).${end}`],
          ['Log', log.origin],
          ['Checkpoint', `${log.size} records, root ${log.root}`],
          ['Records of the period', recordsOf(evidence)],
          ['Newest record', log.last ?? 'none'],
          ['Cosigned by', cosignedBy(evidence)],
          [
            'Continues',
            kept.length === 0 ? 'not asked' : kept.map(({ size, root }) => `${size} records, ${root}`).join('; '),
          ],
          ['Made by', `countersign ${program}`],
        ],
      },
      ...part('What does not fit', wrong, fits(evidence)),
      ...part('Interruptions', alarmed(evidence, 'interruption'), 'None is on record.'),
      ...part('Attempts and alerts', alarmed(evidence, 'attempt'), 'None of the kinds that point to an attack.'),
      ...part('Changes to know of', alarmed(evidence, 'change'), 'None is on record.'),
      ...part('What these pages do not show', limits(evidence), 'Nothing beyond what each page names.'),
      { block: 'heading', text: 'How to check it' },
      {
        block: 'text',
        text: 'Nobody has to be believed for what is here. Take the key of the log from people, not from this folder, and a copy of the log from wherever it is published.',
      },
      { block: 'code', label: 'This folder against itself and the key, offline', text: verifyPackCommand },
      { block: 'code', label: 'The whole log', text: verifyCommand },
      { block: 'code', label: 'The same pack again, to be compared octet by octet', text: againCommand(evidence) },
      {
        block: 'text',
        text: `Of each query the ${drawn} records are drawn whose SHA-256 over root, name of the query and leaf index is smallest. Whoever writes the log cannot choose them without another root; a word of the auditor (\`--draw\`), told only when the pack is made, takes that way too.`,
      },
      { block: 'code', label: 'What a record is drawn by', text: lotCommand(evidence) },
      ...(word === undefined ? [] : [{ block: 'text', text: `Drawn with the word \`${word}\`.` } as const]),
      { block: 'heading', text: 'Standards' },
      {
        block: 'list',
        items: standards.map(({ name, edition, controls }) => `${name} (${edition}): ${controls.length} pages.`),
      },
      {
        block: 'text',
        quiet: true,
        text: 'What a standard demands is said in our words; its own are what counts. These pages say what the log holds. Whether a control is met is for whoever audits to say.',
      },
    ],
  };
}

/** What was decided again, and what no policy decides: the page on certificates has each kind. */
function fits({ replay: { kinds } }: Evidence): string {
  const of = (...names: readonly string[]) =>
    kinds.reduce((sum, { kind, count }) => (names.includes(kind) ? sum + count : sum), 0);
  const decided = of('workload', 'relayed', 'named-only');
  const others = of('serving', 'authority', 'intent-dropped', 'undecidable');
  const rest =
    others === 0
      ? ''
      : ` ${others} more ${others === 1 ? 'is' : 'are'} of a kind that no policy decides, or not all is on record: SC-17 says how each was held.`;
  return `Nothing that was looked at. ${plural(decided, 'issuance')} ${decided === 1 ? 'was' : 'were'} decided again, and ${decided === 1 ? 'is' : 'all are'} what the policy of the time permits.${rest}`;
}

const recordsOf = ({ log: { records }, types }: Evidence) => {
  const there = types.reduce((sum, each) => sum + each.records, 0);
  return there === 0 ? 'none' : `${there}, between the indexes ${records.from} and ${records.to - 1}`;
};

function part(title: string, items: readonly string[], none: string): Block[] {
  return [
    { block: 'heading', text: title },
    items.length === 0 ? { block: 'text', text: none } : { block: 'list', items },
  ];
}
