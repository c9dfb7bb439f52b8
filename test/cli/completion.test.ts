import { existsSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { everyCommand } from './every-command.ts';
import { countersign, run, scratch } from './run-cli.ts';

const has = (program: string) =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
const scripts = new Map<string, string>();

beforeAll(async () => {
  const folder = scratch();
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { code, stdout } = await countersign(['completion', shell]);
    expect(code).toBe(0);
    const file = join(folder, `countersign.${shell}`);
    writeFileSync(file, stdout);
    scripts.set(shell, file);
  }
});

/** What bash offers for the last of `words`. */
async function offeredByBash(words: readonly string[]): Promise<readonly string[]> {
  const line = words.map((word) => `'${word}'`).join(' ');
  const ask = `source ${scripts.get('bash')}; COMP_WORDS=(countersign ${line}); COMP_CWORD=${words.length}; _countersign; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = await run('bash', ['--norc', '-c', ask]);
  expect(stderr).toBe('');
  return stdout.split('\n').filter((word) => word !== '');
}

describe('bash completion', () => {
  it('registers itself', async () => {
    const { stdout } = await run('bash', ['--norc', '-c', `source ${scripts.get('bash')}; complete -p countersign`]);
    expect(stdout).toBe('complete -F _countersign countersign\n');
  });

  it.each([
    [['ins'], ['inspect']],
    [['audit', 'p'], ['prove']],
    [['audit', 'list', '--out'], ['--outcome']],
    [
      ['audit', 'list', '--outcome', ''],
      ['success', 'denied', 'failed'],
    ],
    [['--home', 'somewhere', 'policy', 't'], ['test']],
    [['completion', 'f'], ['fish']],
    [['issue', '--ca-root', 'LICEN'], ['LICENSE']],
    [['inspect', 'LICEN'], ['LICENSE']],
    [['issue', '--ttl', ''], []],
  ])('offers for %j', async (words, offered) => expect(await offeredByBash(words)).toEqual(offered));

  it('offers every option of every command', async () => {
    for (const { words, command } of everyCommand) {
      const offered = await offeredByBash([...words, '--']);
      expect(offered).toEqual(
        expect.arrayContaining([...Object.keys(command.options), 'home', 'help'].map((name) => `--${name}`)),
      );
    }
  });
});

describe.skipIf(!has('zsh'))('zsh completion (needs zsh: install the package zsh)', () => {
  it('is well-formed', async () => {
    expect(await run('zsh', ['-f', '-n', scripts.get('zsh') ?? ''])).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('registers itself when it is sourced', async () => {
    const ask = `autoload -U compinit && compinit -u -D && source ${scripts.get('zsh')} && print $_comps[countersign]`;
    expect((await run('zsh', ['-f', '-c', ask])).stdout).toBe('_countersign\n');
  });
});

describe.skipIf(!has('fish'))('fish completion (needs fish: install the package fish)', () => {
  it.each([
    ['countersign ins', ['inspect']],
    ['countersign audit p', ['prove']],
    ['countersign audit list --outcome ', ['denied', 'failed', 'success']],
    ['countersign audit list --sin', ['--since']],
  ])('offers for %s', async (line, offered) => {
    const { stdout, stderr } = await run('fish', [
      '--no-config',
      '-c',
      `source ${scripts.get('fish')}; complete -C '${line}'`,
    ]);
    expect(stderr).toBe('');
    expect(
      stdout
        .trim()
        .split('\n')
        .map((each) => each.split('\t')[0]),
    ).toEqual(offered);
  });
});
