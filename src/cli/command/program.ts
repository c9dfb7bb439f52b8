import { Argument, CommanderError, Command as Parser, Option as ParserOption } from 'commander';
import { type Exit, exitCodeOf } from '../exit.ts';
import { openHome } from '../home.ts';
import type { Style } from '../terminal/style.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { Command, Group, Operand } from './command.ts';
import { reportFailure } from './failure-report.ts';
import { closingHelp } from './help.ts';
import { homeOption, type Option, type Parsed } from './options.ts';

/** Parses `words`, runs the command they name and gives the exit code; whatever it throws is told on stderr. */
export async function runProgram(
  root: Group,
  words: readonly string[],
  terminal: Terminal,
  env: NodeJS.ProcessEnv,
): Promise<number> {
  let exit: Exit = 'ok';
  const direct = ownReader(root, words);
  if (direct !== undefined) return exitCodeOf(await runDirectly(direct, words.slice(1), root, terminal, env));
  const program = buildGroup(
    root,
    root.name,
    async (command, parsed, operands, home) => {
      exit = await command.run(parsed, { operands, words: [], home: openHome(home, env), commands: root }, terminal);
    },
    terminal.style,
  );
  program.addOption(parserOption('home', homeOption)).configureOutput(outputOf(terminal));
  inheritEverywhere(program, terminal);
  try {
    // where every other program has it
    await program.parseAsync(words[0] === '--version' ? ['version', ...words.slice(1)] : words, { from: 'user' });
  } catch (thrown) {
    exit = thrown instanceof CommanderError ? exitOfParser(thrown) : reportFailure(thrown, terminal, env);
  }
  return exitCodeOf(exit);
}

/** The command that reads the rest of the line itself, unless its help is asked for. */
function ownReader(root: Group, [name, ...rest]: readonly string[]): Command | undefined {
  const member = root.members.find((each) => each.name === name);
  if (member?.kind !== 'command' || member.readsItsOwnWords !== true) return undefined;
  return rest.includes('--help') || rest.includes('-h') ? undefined : member;
}

async function runDirectly(
  command: Command,
  words: readonly string[],
  commands: Group,
  terminal: Terminal,
  env: NodeJS.ProcessEnv,
): Promise<Exit> {
  try {
    return await command.run(new Map(), { operands: [], words, home: openHome(undefined, env), commands }, terminal);
  } catch (thrown) {
    return reportFailure(thrown, terminal, env);
  }
}

type Dispatch = (
  command: Command,
  parsed: Parsed,
  operands: readonly string[],
  home: string | undefined,
) => Promise<void>;

function buildGroup(group: Group, path: string, dispatch: Dispatch, style: Style): Parser {
  const parser = new Parser(group.name)
    .summary(group.summary)
    .description([group.summary, ...group.about].join('\n\n'));
  for (const member of group.members) {
    const memberPath = `${path} ${member.name}`;
    parser.addCommand(
      member.kind === 'group'
        ? buildGroup(member, memberPath, dispatch, style)
        : buildCommand(member, memberPath, dispatch, style),
      { isDefault: member.name === group.usual },
    );
  }
  return parser.showHelpAfterError(`\`${path} --help\` lists what there is.`);
}

function buildCommand(command: Command, path: string, dispatch: Dispatch, style: Style): Parser {
  const parser = new Parser(command.name)
    .summary(command.summary)
    .description([command.summary, ...command.about].join('\n\n'))
    .addHelpText('after', () => closingHelp(command, style))
    .showHelpAfterError(`\`${path} --help\` says more.`);
  for (const operand of command.operands) parser.addArgument(parserArgument(operand));
  const attributes = new Map<string, string>();
  for (const [name, option] of Object.entries(command.options)) {
    const made = parserOption(name, option);
    attributes.set(name, made.attributeName());
    parser.addOption(made);
  }
  return parser.action(async () => {
    const parsed = new Map<string, unknown>();
    for (const [name, attribute] of attributes) parsed.set(name, parser.getOptionValue(attribute));
    const home: unknown = parser.optsWithGlobals().home;
    await dispatch(command, parsed, parser.args, typeof home === 'string' ? home : undefined);
  });
}

function parserOption(name: string, option: Option): ParserOption {
  const short = option.short === undefined ? '' : `-${option.short}, `;
  if (option.kind === 'flag') return new ParserOption(`${short}--${name}`, option.help);
  const made = new ParserOption(`${short}--${name} <${option.of}>`, option.help);
  if (option.choices !== undefined) made.choices(option.choices);
  if (option.kind === 'many')
    made.argParser((word: string, before: readonly string[] | undefined) => [...(before ?? []), word]);
  return made;
}

function parserArgument(operand: Operand): Argument {
  const name = operand.many ? `${operand.name}...` : operand.name;
  const made = new Argument(operand.required ? `<${name}>` : `[${name}]`, operand.help);
  if (operand.choices !== undefined) made.choices(operand.choices);
  return made;
}

function outputOf(terminal: Terminal) {
  return {
    writeOut: (text: string) => terminal.print(text.trimEnd()),
    writeErr: (text: string) => terminal.note(text.trimEnd()),
    getOutHelpWidth: () => Math.min(terminal.columns ?? 100, 100),
    getErrHelpWidth: () => 100,
    getOutHasColors: () => terminal.style.strong('x') !== 'x',
    getErrHasColors: () => terminal.noteStyle.strong('x') !== 'x',
    outputError: (text: string) =>
      terminal.note(`${terminal.noteStyle.bad('countersign:')} ${text.replace(/^error: /, '').trimEnd()}`),
  };
}

/** Commander copies settings to a subcommand only when it makes the subcommand itself; ours are made one by one. */
function inheritEverywhere(parser: Parser, terminal: Terminal): void {
  const { style } = terminal;
  parser.exitOverride().configureOutput(outputOf(terminal)).configureHelp({
    showGlobalOptions: true,
    styleTitle: style.heading,
    styleCommandText: style.name,
    styleOptionTerm: style.name,
    styleArgumentTerm: style.name,
    styleSubcommandTerm: style.name,
  });
  for (const child of parser.commands) inheritEverywhere(child, terminal);
}

function exitOfParser(error: CommanderError): Exit {
  return error.exitCode === 0 ? 'ok' : 'usage';
}
