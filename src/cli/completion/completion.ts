import type { Group } from '../command/command.ts';
import { bashScript } from './bash.ts';
import { fishScript } from './fish.ts';
import { placesOf } from './model.ts';
import { zshScript } from './zsh.ts';

/** The completion script for `shell`, one of those that the command offers. */
export function renderCompletion(commands: Group, shell: string | undefined): string {
  const places = placesOf(commands);
  if (shell === 'zsh') return zshScript(places);
  return shell === 'fish' ? fishScript(places) : bashScript(places);
}
