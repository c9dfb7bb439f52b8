import { readFileSync } from 'node:fs';
import { installChain } from '#ceremony/install.ts';
import type { Input } from '../command/command.ts';
import type { Exit } from '../exit.ts';
import { Failure } from '../failure.ts';
import { stamp } from '../terminal/duration.ts';
import { facts } from '../terminal/facts.ts';
import { plain } from '../terminal/plain.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { openPlan } from './open-plan.ts';
import type { installOptions } from './options.ts';
import { openTools } from './tools.ts';

export async function runInstall(
  { options, operands, home }: Input<typeof installOptions>,
  terminal: Terminal,
): Promise<Exit> {
  const [file, label = ''] = operands;
  if (options.chain === undefined) throw new Failure('usage', 'say what to install: --chain FILE');
  const pem = {
    chain: readFileSync(options.chain, 'utf8'),
    ...(options.roots === undefined ? {} : { roots: readFileSync(options.roots, 'utf8') }),
  };
  const plan = openPlan(file, home, terminal);
  await using open = await openTools(plan, options.config);
  const { issuer, root, unchanged, certificatePath, rootsPath, warnings } = await installChain(
    plan,
    label,
    pem,
    open.tools,
  );
  const notAfter = stamp(issuer.notAfter * 1000);
  if (options.json) {
    terminal.printJson({
      label,
      unchanged,
      subject: issuer.subjectText,
      root: root.subjectText,
      notAfter,
      certificate: certificatePath,
      roots: rootsPath,
      warnings,
    });
    return 'ok';
  }
  for (const warning of warnings) terminal.note(terminal.noteStyle.warn(`warning: ${plain(warning)}`));
  const { style } = terminal;
  const list = facts(
    [
      ['subject', plain(issuer.subjectText)],
      ['root', plain(root.subjectText)],
      ['valid until', notAfter],
      ['chain', plain(certificatePath)],
      ['roots', plain(rootsPath)],
    ],
    style,
  );
  terminal.print(`${style.good(unchanged ? 'installed already' : 'installed')}\n${list}`);
  return 'ok';
}
