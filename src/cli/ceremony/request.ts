import { requestIntermediate } from '#ceremony/request.ts';
import type { Input } from '../command/command.ts';
import type { Exit } from '../exit.ts';
import { facts } from '../terminal/facts.ts';
import { plain } from '../terminal/plain.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { openPlan } from './open-plan.ts';
import type { runOptions } from './options.ts';
import { openTools } from './tools.ts';

export async function runRequest(
  { options, operands, home }: Input<typeof runOptions>,
  terminal: Terminal,
): Promise<Exit> {
  const [file, label = ''] = operands;
  const plan = openPlan(file, home, terminal);
  await using open = await openTools(plan, options.config);
  const { planned, csrPath, keyWas, csr } = await requestIntermediate(plan, label, open.tools);
  if (options.json) {
    terminal.printJson({ label, key: planned.key, keyIn: planned.keyIn, keyWas, csr, file: csrPath });
    return 'ok';
  }
  const { style } = terminal;
  const list = facts(
    [
      ['subject', plain(planned.subjectText)],
      ['key', `${planned.key}, ${planned.keyIn}: ${keyWas}`],
      ['file', plain(csrPath)],
    ],
    style,
  );
  terminal.print(`${style.good('request written')}\n${list}`);
  terminal.note(
    terminal.noteStyle.dim(`when the CA has answered: countersign ceremony install ${file} ${label} --chain FILE`),
  );
  return 'ok';
}
