import { defineCommand } from '../command/command.ts';

const shells = ['bash', 'zsh', 'fish'] as const;

export const completion = defineCommand({
  name: 'completion',
  summary: 'Print a completion script for your shell.',
  about: ['The script knows every command and option by itself: pressing Tab starts no program.'],
  operands: [{ name: 'SHELL', help: 'which shell', required: true, choices: shells }],
  options: {},
  examples: [
    { type: 'completion bash > ~/.local/share/bash-completion/completions/countersign', to: 'bash, for good' },
    { type: 'completion zsh > ~/.zfunc/_countersign', to: 'zsh, with ~/.zfunc in fpath' },
    { type: 'completion fish > ~/.config/fish/completions/countersign.fish', to: 'fish' },
  ],
  exits: { ok: 'the script is on stdout' },
  run: async ({ operands, commands }, terminal) => {
    const { renderCompletion } = await import('./completion.ts');
    terminal.print(renderCompletion(commands, operands[0]));
    return 'ok';
  },
});
