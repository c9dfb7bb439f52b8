import { eventTypes } from '#audit/event.ts';
import { type KindName, kinds } from '#issuance/replay/kinds.ts';
import type { Control, Shown } from '../controls/control.ts';
import type { Evidence } from '../evidence.ts';
import { replayCommand, verifyCommand } from './commands.ts';
import { cosignedBy } from './findings.ts';
import { type Block, plural } from './report.ts';
import { valuesOf } from './setting.ts';

/** What a page shows that is no query. */
export function shownBlocks(shown: Shown, evidence: Evidence): Block[] {
  switch (shown) {
    case 'types':
      return typesBlocks(evidence);
    case 'policies':
      return policiesBlocks(evidence);
    case 'replay':
      return replayBlocks(evidence);
    case 'tree':
      return treeBlocks(evidence);
  }
}

function typesBlocks({ types }: Evidence): Block[] {
  const counts = new Map(types.map(({ type, records }) => [type, records]));
  const never = eventTypes.filter((type) => !counts.has(type));
  return [
    heading('Which types of records are there?'),
    {
      block: 'table',
      caption: `${types.length} of ${eventTypes.length} types in this period`,
      columns: [
        { title: 'Type', share: 4 },
        { title: 'Records', align: 'right' },
      ],
      rows: types.map(({ type, records }) => [type, String(records)]),
    },
    ...(never.length === 0
      ? []
      : [{ block: 'text', quiet: true, text: `Of these there was none: ${never.join(', ')}.` } as const]),
  ];
}

function policiesBlocks({ rules, period }: Evidence): Block[] {
  if (rules.policySets.length === 0)
    return [heading('Which policies were in force?'), { block: 'text', text: 'The log was told of none.' }];
  return [
    heading('Which policies were in force?'),
    {
      block: 'table',
      caption: 'Sets of policies, by the hash of their text (see Rules in force)',
      columns: [
        { title: 'Set', share: 1.6 },
        { title: 'Policies', share: 1.8 },
        { title: 'In force since', share: 2 },
        { title: 'Record', align: 'right' },
        { title: 'Issued', align: 'right' },
        { title: 'Refused', align: 'right' },
      ],
      rows: rules.policySets.map(({ id, index, time, issued, refused, documents }) => [
        id.slice(0, 16),
        documents?.map(({ name }) => name).join(', ') ?? 'not in the log',
        since(time, period),
        String(index),
        String(issued),
        String(refused),
      ]),
    },
  ];
}

function replayBlocks(evidence: Evidence): Block[] {
  const { replay } = evidence;
  const verdict =
    replay.count === 0
      ? 'All of it fits.'
      : `${plural(replay.count, 'record')} ${replay.count === 1 ? 'does' : 'do'} not fit: the first page names them.`;
  return [
    heading('Was anything issued outside policy?'),
    { block: 'code', label: 'The command', text: replayCommand(evidence) },
    { block: 'text', text: `What was issued was decided again from the log alone. ${verdict}` },
    ...(replay.kinds.length === 0
      ? []
      : [
          {
            block: 'table',
            caption: 'How each was held against the rules',
            columns: [{ title: 'Records', align: 'right' }, { title: 'Kind' }, { title: 'How', share: 5 }],
            rows: replay.kinds.map(({ kind, count }) => [String(count), kind, howOf(kind)]),
          } as const,
        ]),
  ];
}

const isKind = (kind: string): kind is KindName => kind in kinds;
const howOf = (kind: string) => (isKind(kind) ? kinds[kind] : '');

function treeBlocks(evidence: Evidence): Block[] {
  const { log, kept, missing } = evidence;
  return [
    heading('Is the log whole?'),
    { block: 'code', label: 'The command', text: verifyCommand },
    {
      block: 'text',
      text: `Each of the ${log.size} records was read, in canonical form, at its own index, not older than the one before it, and found under the signed root.`,
    },
    {
      block: 'facts',
      facts: [
        ['Root', log.root],
        ['Cosigned by', cosignedBy(evidence)],
        ['Continues', kept.length === 0 ? 'not asked' : kept.map(({ size }) => plural(size, 'record')).join(', ')],
        ['Hashes alone', missing.dropped === 0 ? 'none of this period' : plural(missing.dropped, 'record')],
      ],
    },
  ];
}

/** What was configured, as the log has it. */
export function settingsBlocks({ settings = [] }: Control, { rules, period }: Evidence): Block[] {
  if (settings.length === 0) return [];
  const { configurations } = rules;
  if (configurations.length === 0)
    return [heading('Configuration in force'), { block: 'text', text: 'The log was told of none.' }];
  return [
    heading('Configuration in force'),
    {
      block: 'table',
      caption: 'As the records of its loads have it',
      columns: [
        { title: 'Setting', share: 1.4 },
        { title: 'Value', share: 4 },
        { title: 'Since', share: 1.9 },
        { title: 'Record', align: 'right', share: 0.8 },
      ],
      rows: settings.flatMap((path) =>
        valuesOf(path, configurations).map(({ value, index, time }) => [
          path,
          value,
          since(time, period),
          String(index),
        ]),
      ),
    },
  ];
}

const heading = (text: string) => ({ block: 'heading', text }) as const;

const since = (time: string, period: Evidence['period']) => (time < period.since ? `${time}, before the period` : time);
