import type { Alert } from '#detection/alert.ts';
import { provenRuleSet } from '#detection/rule-set.ts';
import { type RuleState, Watch } from '#detection/watch.ts';
import { moment, whole } from '../audit/filters.ts';
import { walkVerified } from '../audit/replayed-log.ts';
import type { Input } from '../command/command.ts';
import type { Exit } from '../exit.ts';
import { plain } from '../terminal/plain.ts';
import { table } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { replayOptions } from './options.ts';
import { ruleSources } from './sources.ts';

const mostListed = 100_000;

interface Replayed {
  readonly size: number;
  readonly dropped: number;
  readonly setId: string;
  readonly rules: readonly RuleState[];
  readonly alerts: readonly Alert[];
}

export async function runReplay(input: Input<typeof replayOptions>, terminal: Terminal): Promise<Exit> {
  const { options, home } = input;
  const now = Date.now();
  const since = options.since === undefined ? '' : moment(options.since, '--since', now);
  const until = options.until === undefined ? '~' : moment(options.until, '--until', now);
  const most = whole(options.limit ?? '1000', '--limit', 1, mostListed);
  const set = provenRuleSet(ruleSources(options.rules, home));
  const watch = new Watch(set.rules);
  const counts = new Map(set.rules.map(({ name }) => [name, 0]));
  const alerts: Alert[] = [];
  let dropped = 0;
  const size = await walkVerified(input, terminal, {
    take(entry) {
      for (const alert of watch.see(entry)) {
        if (alert.until < since || alert.until > until) continue;
        counts.set(alert.rule, (counts.get(alert.rule) ?? 0) + 1);
        if (alerts.length < most) alerts.push(alert);
      }
    },
    missed({ count }) {
      dropped += count;
    },
  });
  const rules = watch.states.map((state) => ({ ...state, alerts: counts.get(state.rule) ?? 0 }));
  const replayed: Replayed = { size, dropped, setId: set.id, rules, alerts };
  if (options.json) terminal.printJson(replayed);
  else print(replayed, terminal);
  return 'ok';
}

const ofRules = [
  { title: 'ALERTS', align: 'right' },
  { title: 'RULE', shrinkTo: 16 },
  { title: 'FORGOTTEN', align: 'right' },
] as const;

const ofAlerts = [
  { title: 'TIME' },
  { title: 'SEVERITY' },
  { title: 'RULE', shrinkTo: 16 },
  { title: 'ABOUT', shrinkTo: 24 },
  { title: 'COUNT', align: 'right' },
  { title: 'RECORDS', shrinkTo: 12 },
] as const;

function print({ size, dropped, rules, alerts }: Replayed, terminal: Terminal): void {
  const { style } = terminal;
  const rows = rules.map(({ rule, alerts: count, forgotten }) => [String(count), rule, String(forgotten)]);
  terminal.print(table(ofRules, rows, terminal.columns, style));
  if (alerts.length > 0) terminal.print(`\n${table(ofAlerts, alerts.map(rowOf), terminal.columns, style)}`);
  if (dropped > 0) terminal.note(`of ${dropped} records only the hashes are left: no rule has seen them (--archive)`);
  const all = rules.reduce((sum, { alerts: count }) => sum + count, 0);
  terminal.note(terminal.noteStyle.dim(`${all} ${all === 1 ? 'alert' : 'alerts'} by ${size} records`));
  if (all > alerts.length) terminal.note(terminal.noteStyle.dim(`${all - alerts.length} are not listed: --limit`));
}

const rowOf = ({ until, severity, rule, by, count, seqs, overflow }: Alert): readonly string[] => [
  until,
  severity,
  rule,
  plain(overflow ? '(very many)' : Object.values(by).join(' ') || '-'),
  String(count),
  seqs.join(' '),
];
