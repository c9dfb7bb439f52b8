import { chmodSync, cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { countersign, launcher, parsed, run, scratch } from './run-cli.ts';

describe('a mistyped line', () => {
  it.each([
    ['a command', ['inspekt'], '(Did you mean inspect?)'],
    ['a command of a group', ['audit', 'verfy'], '(Did you mean verify?)'],
    ['an option', ['issue', '--adress', 'x'], '(Did you mean --address?)'],
    ['the option that every command has', ['audit', 'list', '--hom', 'x'], '(Did you mean --home?)'],
    ['a word of a closed list', ['completion', 'bsh'], 'Allowed choices are bash, zsh, fish'],
    ['a value of an option', ['audit', 'list', '--outcome', 'dennied'], 'Allowed choices are success, denied, failed'],
    ['a missing operand', ['inspect'], "missing required argument 'FILE'"],
    ['one operand too many', ['version', 'now'], 'too many arguments'],
    ['a missing value', ['issue', '--ttl'], 'argument missing'],
  ])('%s: exit 2, and stderr says what would be right', async (_, words, hint) => {
    const { code, stdout, stderr } = await countersign(words);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('countersign: ');
    expect(stderr).toContain(hint);
    expect(stderr).toContain('--help`');
  });

  it('a group without a command shows its help and is a usage error', async () => {
    const { code, stderr } = await countersign(['audit']);
    expect(code).toBe(2);
    expect(stderr).toContain('countersign audit [options] [command]');
  });
});

describe('COUNTERSIGN_DEBUG=1', () => {
  it('adds where an error happened, which nobody sees otherwise', async () => {
    const words = ['inspect', '/nonexistent'];
    expect((await countersign(words)).stderr).toBe('countersign: /nonexistent: no such file or folder\n');
    expect((await countersign(words, { env: { COUNTERSIGN_DEBUG: '1' } })).stderr).toMatch(/\n {4}at .*read-input\.ts/);
  });
});

describe('version', () => {
  it('--json gives one JSON object, and nothing on stderr', async () => {
    const ran = await countersign(['version', '--json']);
    expect(ran.stderr).toBe('');
    expect(parsed(ran)).toMatchObject({ countersign: '0.1.0', node: expect.stringMatching(/^26\./) });
  });

  it('is there under the name of an option too', async () => {
    expect(await countersign(['--version'])).toEqual(await countersign(['version']));
  });
});

describe('scripts/countersign', () => {
  it('runs from another folder and through a symlink', async () => {
    const folder = scratch();
    const link = join(folder, 'cs');
    symlinkSync(launcher, link);
    const { code, stdout } = await run(link, ['version'], { cwd: folder });
    expect([code, stdout.split(' ')[0]]).toEqual([0, 'countersign']);
  });

  it('says exactly what to run where the packages are missing', async () => {
    const clone = scratch();
    mkdirSync(join(clone, 'scripts'));
    const copy = join(clone, 'scripts', 'countersign');
    cpSync(launcher, copy);
    chmodSync(copy, 0o755);
    const { code, stderr } = await run(copy, ['version']);
    expect(code).toBe(4);
    expect(stderr).toBe(`countersign: its packages are not installed yet; run: (cd '${clone}' && npm ci)\n`);
  });

  it('runs as `npx countersign` in a clone', async () => {
    const { code, stdout } = await run('npx', ['--no-install', 'countersign', 'version', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toHaveProperty('countersign');
  });
});
