import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

// Halves the time to the first word, by the environment for threads as well. Beside the code and as trusted as it is: in the
// shared temporary folder, where Node would put it, another user could leave us code of theirs. Where it cannot be written,
// nothing is cached.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('../../node_modules/.cache/countersign', import.meta.url));
enableCompileCache(process.env.NODE_COMPILE_CACHE);

// Only what is imported from here on is cached.
const [{ commands }, { namedCommand }, { runProgram }, { openTerminal }] = await Promise.all([
  import('./commands.ts'),
  import('./istio-csr/named-command.ts'),
  import('./command/program.ts'),
  import('./terminal/terminal.ts'),
]);

// Not process.exit(): what was printed into a pipe must still get there.
process.exitCode = await runProgram(commands, namedCommand(process.argv.slice(2)), openTerminal(), process.env);
