import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { deniedEvent, issuedEvent } from '#test/audit/example-event.ts';
import { publishedHome } from '#test/cli/exported-log.ts';
import { run, scratch } from '#test/cli/run-cli.ts';
import { repository } from '#test/oracles.ts';

const text = readFileSync(join(repository, 'docs/export.md'), 'utf8');
const commands = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) => block.trim().split('\n'));

it('docs/export.md: every command does what it is there for', async () => {
  const folder = scratch();
  const home = join(folder, 'home');
  await publishedHome(home, [issuedEvent(0), deniedEvent(1)]);
  cpSync(join(home, 'audit', 'log'), join(folder, 'copy'), { recursive: true });
  cpSync(join(home, 'audit', 'log.vkey'), join(folder, 'log.vkey'));
  const env = { COUNTERSIGN_HOME: home, PATH: `${join(repository, 'scripts')}:${process.env.PATH}` };
  expect(commands.length).toBeGreaterThan(3);
  for (const command of commands) {
    const ran = await run('/bin/sh', ['-c', command], { cwd: folder, env });
    expect({ command, code: ran.code, stderr: ran.stderr }).toEqual({ command, code: 0, stderr: '' });
  }
});
