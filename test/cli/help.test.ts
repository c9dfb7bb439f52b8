import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exitsOf } from '#cli/command/help.ts';
import { exitCodes } from '#cli/exit.ts';
import { repository } from '#test/oracles.ts';
import { everyCommand, everyGroup } from './every-command.ts';
import { countersign } from './run-cli.ts';

const documented = join(repository, 'docs', 'cli.md');

describe('help', () => {
  it.each(everyCommand.map((each) => [each.words.join(' '), each] as const))(
    '%s --help teaches: every option, an example, the exit codes',
    async (_, { words, command }) => {
      const { code, stdout, stderr } = await countersign([...words, '--help']);
      expect(code).toBe(0);
      expect(stderr).toBe('');
      expect(stdout).toContain(`Usage: countersign ${words.join(' ')}`);
      for (const name of ['home', ...Object.keys(command.options)]) expect(stdout).toContain(`--${name}`);
      for (const { name } of command.operands) expect(stdout).toContain(name);
      expect(command.examples.length).toBeGreaterThan(0);
      for (const { type } of command.examples) expect(stdout).toContain(`countersign ${type}`);
      for (const [exit, meaning] of exitsOf(command)) expect(stdout).toContain(`  ${exit}  ${meaning}`);
    },
  );

  it.each(everyGroup.map((words) => [['countersign', ...words].join(' '), words] as const))(
    '%s --help lists its commands',
    async (_, words) => {
      const { code, stdout } = await countersign([...words, '--help']);
      expect(code).toBe(0);
      const members = everyCommand.filter((each) => words.every((word, i) => each.words[i] === word));
      for (const member of members) expect(stdout).toContain(`  ${member.words[words.length]}`);
    },
  );

  it('shows the examples of a command only as it can be typed', () => {
    for (const { words, command } of everyCommand) {
      for (const { type } of command.examples) expect(type.startsWith(words.join(' '))).toBe(true);
    }
  });
});

describe('docs/cli.md', () => {
  it('shows the help of every command as the program prints it (UPDATE_DOCS=1 writes it anew)', async () => {
    const shown = new Map<string, string>();
    for (const { words } of everyCommand)
      shown.set(words.join(' '), (await countersign([...words, '--help'])).stdout.trim());
    if (process.env.UPDATE_DOCS === '1') rewrite(shown);
    const text = readFileSync(documented, 'utf8');
    for (const [words, help] of shown) expect(blockOf(text, words)).toBe(help);
    expect([...text.matchAll(/^### `countersign (.+)`$/gm)].map(([, words]) => words)).toEqual([...shown.keys()]);
  });

  it('has the table of exit codes', () => {
    const text = readFileSync(documented, 'utf8');
    for (const { code, meaning } of Object.values(exitCodes)) expect(text).toContain(`| ${code} | ${meaning} |`);
  });
});

function blockOf(text: string, words: string): string | undefined {
  const [, rest] = text.split(`### \`countersign ${words}\`\n`);
  return rest?.split('```text\n')[1]?.split('\n```')[0];
}

/** The part of the document that follows its heading "Every command". */
function rewrite(shown: ReadonlyMap<string, string>): void {
  const [prose] = readFileSync(documented, 'utf8').split('## Every command\n');
  const blocks = [...shown].map(([words, help]) => `### \`countersign ${words}\`\n\n\`\`\`text\n${help}\n\`\`\`\n`);
  writeFileSync(documented, `${prose}## Every command\n\n${blocks.join('\n')}`);
}
