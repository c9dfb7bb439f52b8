import { runProgram } from './command/program.ts';
import { commands } from './commands.ts';
import { openTerminal } from './terminal/terminal.ts';

// Not process.exit(): what was printed into a pipe must still get there.
process.exitCode = await runProgram(commands, process.argv.slice(2), openTerminal(), process.env);
