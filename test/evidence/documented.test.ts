import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { run, scratch } from '#test/cli/run-cli.ts';
import { repository } from '#test/oracles.ts';
import { entryAt } from '#test/support/day/entries.ts';
import { writeHome } from '#test/support/day/home.ts';

const text = readFileSync(join(repository, 'docs/evidence.md'), 'utf8');
const commands = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) => block.trim().split('\n'));

it('docs/evidence.md: every command does what it is there for', async () => {
  const folder = scratch();
  const home = join(folder, 'home');
  await writeHome(
    home,
    Array.from({ length: 600 }, (_, n) => entryAt(n)),
  );
  cpSync(join(home, 'audit', 'log'), join(folder, 'copy'), { recursive: true });
  cpSync(join(home, 'audit', 'log.vkey'), join(folder, 'log.vkey'));
  const env = { COUNTERSIGN_HOME: home, PATH: `${join(repository, 'scripts')}:${process.env.PATH}` };
  expect(commands.length).toBeGreaterThan(6);
  for (const command of commands) {
    const ran = await run('/bin/sh', ['-c', command], { cwd: folder, env });
    expect({ command, code: ran.code, stderr: ran.stderr }).toEqual({ command, code: 0, stderr: '' });
  }
}, 60_000);
