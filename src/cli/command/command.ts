import type { Exit } from '../exit.ts';
import type { Home } from '../home.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { type Options, type OptionValues, type Parsed, readOptions } from './options.ts';

export interface Operand {
  readonly name: string;
  readonly help: string;
  readonly required: boolean;
  readonly many?: boolean;
  readonly choices?: readonly string[];
}

interface Example {
  /** What follows `countersign `. */
  readonly type: string;
  readonly to: string;
}

export interface Input<O extends Options> {
  readonly options: OptionValues<O>;
  readonly operands: readonly string[];
  /** What followed the command's name, for one that reads its own words; else empty. */
  readonly words: readonly string[];
  readonly home: Home;
  /** All that can be typed, this command included. */
  readonly commands: Group;
}

interface Words {
  readonly name: string;
  /** One line, in the list of commands. */
  readonly summary: string;
}

export interface CommandSpec<O extends Options> extends Words {
  /** What it does and when one wants it: a paragraph each. */
  readonly about: readonly string[];
  readonly operands: readonly Operand[];
  readonly options: O;
  /** Its options are for its help alone: the line has a syntax of its own, which the command reads itself. */
  readonly readsItsOwnWords?: true;
  readonly examples: readonly Example[];
  /** The exits a script meets here and what each means for this command; `usage` and `internal` go without saying. */
  readonly exits: Partial<Record<Exit, string>>;
  /** Imports its implementation only now: a mistyped word must not wait for gRPC to load. */
  readonly run: (input: Input<O>, terminal: Terminal) => Promise<Exit>;
}

/** A command whose option types are known to itself only. */
export interface Command extends Omit<CommandSpec<Options>, 'run'> {
  readonly kind: 'command';
  readonly run: (parsed: Parsed, surroundings: Omit<Input<Options>, 'options'>, terminal: Terminal) => Promise<Exit>;
}

export interface Group extends Words {
  readonly kind: 'group';
  readonly about: readonly string[];
  readonly members: readonly (Command | Group)[];
  /** The member that is meant where none is named. */
  readonly usual?: string;
}

export function defineCommand<O extends Options>(spec: CommandSpec<O>): Command {
  return {
    ...spec,
    kind: 'command',
    run: (parsed, surroundings, terminal) =>
      spec.run({ options: readOptions(spec.options, parsed), ...surroundings }, terminal),
  };
}

export function defineGroup(group: Omit<Group, 'kind'>): Group {
  return { ...group, kind: 'group' };
}
