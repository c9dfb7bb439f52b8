import { relative as relativePath } from 'node:path';
import { questionOf } from '#policy/cases.ts';
import { explain } from '#policy/explain.ts';
import { loadPolicySet } from '#policy/load.ts';
import { chainTree } from '../issue/chain-tree.ts';
import type { IssuedChain } from '../issue/issued-chain.ts';
import { plain } from '../terminal/plain.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { HeldCeremony } from './ceremony.ts';
import { type Layout, origin } from './layout.ts';
import type { OnRecord } from './record.ts';
import type { Reached } from './server.ts';

const here = (path: string) => {
  const short = relativePath(process.cwd(), path);
  return short.startsWith('..') ? path : short || '.';
};

export function showCeremony({ outcome }: HeldCeremony, layout: Layout, { print, style }: Terminal): void {
  const [root, mesh] = outcome.authorities;
  const done = outcome.unchanged ? 'found in place' : 'held';
  print(
    `${style.good('✓')} ceremony ${done}: root ${root?.planned.key} and intermediate ${mesh?.planned.key}, both keys in the token`,
  );
  print(style.dim(`    ${here(layout.ceremony)} → ${here(outcome.transcriptPaths[0])}`));
}

export function showServer(server: Reached, layout: Layout, { print, style }: Terminal): void {
  const how = server.startedNow ? 'started' : 'still running';
  print(`${style.good('✓')} CA ${how} on ${server.istio}, metrics and log on http://${server.admin}`);
  print(style.dim(`    ${here(layout.home.config)}, log lines in ${here(layout.serverLog)}`));
}

export function showIssued(
  chain: IssuedChain,
  { index, size, proofLength }: OnRecord,
  layout: Layout,
  { print, style }: Terminal,
): void {
  const set = loadPolicySet([layout.home.policies], Date.now());
  const { steps } = explain(
    questionOf(
      { namespace: 'demo', serviceAccount: 'web', key: 'ec:P-256', ttl: '1h', authenticator: 'oidc' },
      Date.now(),
    ),
    set,
  );
  const checks = [...new Set(steps.filter(({ stage }) => stage !== 'match').map(({ check }) => check))];
  print(`\n${style.heading('Issued')} to a workload that asked over TLS with the token of its service account\n`);
  print(indent(inToken(chainTree(chain.certificates, Date.now(), style), style)));
  print(`\n  policy  ${style.good('✓')} ${wrap(checks, 66, '            ')}`);
  print(`          ${style.dim(`set ${set.id.slice(0, 16)}…, ${here(layout.home.policies)}/`)}`);
  print(`  log     ${style.good('✓')} index ${style.strong(String(index))} of ${size} in ${origin}`);
  print(`            inclusion proof of ${proofLength} hashes verified up to the signed checkpoint`);
}

export interface ShownRefusal {
  readonly what: string;
  readonly reason: string;
  readonly onRecord: OnRecord;
}

export function showRefusals(refusals: readonly ShownRefusal[], { print, style }: Terminal): void {
  print(`\n${style.heading('Refused')}\n`);
  for (const { what, reason, onRecord } of refusals) {
    print(`  ${style.bad('✗')} ${what}: ${style.strong(plain(String(onRecord.entry.reason)))}`);
    print(`    ${plain(reason)}`);
    print(style.dim(`    index ${onRecord.index} of ${onRecord.size}, proof verified`));
  }
}

export function showNext(layout: Layout, isRunning: boolean, { print, style }: Terminal): void {
  const home = here(layout.home.directory);
  const option = home === '.countersign' ? '' : ` --home ${home}`;
  const next: readonly (readonly [string, string])[] = [
    ...(isRunning
      ? ([
          [`npx countersign issue${option} --out svid`, 'ask for one yourself'],
          [`. ${home}/env`, 'CA_ADDR, CA_ROOT_CA, TOKEN_FILE: point an Istio client at it'],
        ] as const)
      : ([[`./scripts/quickstart${option} --keep`, 'the same, and leave the server running']] as const)),
    [`npx countersign audit list${option}`, 'everything that is on the record'],
    [`npx countersign audit verify${option}`, 'all of it, from the public key alone'],
    [`npx countersign policy test${option}`, `the cases beside the rules; edit ${home}/policies`],
    [`./scripts/quickstart${option} --clean`, 'undo it'],
  ];
  const width = Math.max(...next.map(([command]) => command.length));
  print(`\n${style.heading('Next')}\n`);
  for (const [command, what] of next) print(`  ${style.name(command.padEnd(width))}  ${style.dim(what)}`);
}

/** Says where the root's key is; what the configuration does with the intermediate's is its own affair. */
const inToken = (tree: string, style: Terminal['style']) => tree.replace('\n', `${style.dim(' · key in the HSM')}\n`);

const indent = (text: string) => text.replaceAll(/^/gm, '  ');

function wrap(words: readonly string[], width: number, margin: string): string {
  const lines: string[] = [''];
  for (const word of words) {
    const last = lines.at(-1) ?? '';
    const longer = last === '' ? word : `${last}, ${word}`;
    if (longer.length > width) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines.join(`,\n${margin}`);
}
