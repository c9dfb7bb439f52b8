import type { Command, Group, Operand } from '../command/command.ts';
import { homeOption, type Option } from '../command/options.ts';

/** What can follow at one place of the command line. */
export interface Place {
  /** The words that lead here, `countersign` left out. */
  readonly path: readonly string[];
  readonly words: readonly { readonly word: string; readonly help: string }[];
  readonly options: readonly OfferedOption[];
  readonly operand: Offer;
}

export interface OfferedOption {
  /** `--name` and perhaps `-n`. */
  readonly spellings: readonly string[];
  readonly help: string;
  /** Undefined for a flag. */
  readonly takes: Offer | undefined;
}

/** What fills a value: files, folders, one of these words, or something only the user knows. */
export type Offer = 'file' | 'directory' | 'unknown' | readonly string[];

const helpOption: OfferedOption = { spellings: ['--help', '-h'], help: 'display help for command', takes: undefined };

export function placesOf(group: Group, path: readonly string[] = []): readonly Place[] {
  const usual = group.members.find((member) => member.kind === 'command' && member.name === group.usual);
  const here: Place = {
    path,
    words: group.members.map((member) => ({ word: member.name, help: member.summary })),
    options: usual?.kind === 'command' ? placeOf(usual, path).options : [offered('home', homeOption), helpOption],
    operand: 'unknown',
  };
  const below = group.members.flatMap((member) => {
    const memberPath = [...path, member.name];
    return member.kind === 'group' ? placesOf(member, memberPath) : [placeOf(member, memberPath)];
  });
  return [here, ...below];
}

function placeOf(command: Command, path: readonly string[]): Place {
  const options = Object.entries(command.options).map(([name, option]) => offered(name, option));
  const operand = command.operands[0];
  return {
    path,
    words: [],
    options: [...options, offered('home', homeOption), helpOption],
    operand: operand === undefined ? 'unknown' : offerOf(operand),
  };
}

function offered(name: string, option: Option): OfferedOption {
  const short = option.short === undefined ? [] : [`-${option.short}`];
  const takes = option.kind === 'flag' ? undefined : (option.choices ?? byPlaceholder(option.of));
  return { spellings: [`--${name}`, ...short], help: option.help, takes };
}

function offerOf(operand: Operand): Offer {
  return operand.choices ?? byPlaceholder(operand.name);
}

function byPlaceholder(placeholder: string): Offer {
  if (/^(FILE|CERT|CSR|VKEY)/.test(placeholder)) return 'file';
  return /^DIR/.test(placeholder) ? 'directory' : 'unknown';
}
