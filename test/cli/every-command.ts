import type { Command, Group } from '#cli/command/command.ts';
import { commands } from '#cli/commands.ts';

export interface Placed {
  /** As typed after `countersign`. */
  readonly words: readonly string[];
  readonly command: Command;
}

export const everyCommand: readonly Placed[] = below(commands, []);

export const everyGroup: readonly (readonly string[])[] = groups(commands, []);

function below(group: Group, path: readonly string[]): readonly Placed[] {
  return group.members.flatMap((member) => {
    const words = [...path, member.name];
    return member.kind === 'group' ? below(member, words) : [{ words, command: member }];
  });
}

function groups(group: Group, path: readonly string[]): readonly (readonly string[])[] {
  const deeper = group.members.flatMap((member) =>
    member.kind === 'group' ? groups(member, [...path, member.name]) : [],
  );
  return [path, ...deeper];
}
