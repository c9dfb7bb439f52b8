import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Input } from '../command/command.ts';
import type { Options } from '../command/options.ts';
import type { Exit } from '../exit.ts';
import { Failure } from '../failure.ts';
import { type Home, openHome } from '../home.ts';
import { runServer } from '../serve/serve.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { type ConfigFile, configuration } from './configuration.ts';
import { FlagError, parseFlags } from './flags/parse.ts';
import { allFlags } from './flags/table.ts';
import { notesOn } from './notes.ts';

export async function runIstioCsr({ words }: Input<Options>, terminal: Terminal): Promise<Exit> {
  const loaded = inFlags(() => {
    const { values, given } = parseFlags(allFlags, words);
    const home = openHome(values.home === '' ? undefined : values.home, process.env);
    const config = configuration(values, readFile(values.config, home), process.env);
    return { config, notes: notesOn(given, values), readyFile: values['ready-file'] };
  });
  for (const note of loaded.notes) terminal.note(note);
  return runServer(() => loaded.config, loaded.readyFile === '' ? undefined : loaded.readyFile);
}

function inFlags<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (thrown) {
    if (!(thrown instanceof FlagError)) throw thrown;
    throw new Failure('usage', thrown.message, '`countersign istio-csr --help` lists the flags', { cause: thrown });
  }
}

/** Undefined where nobody named a file and the home has none. */
function readFile(named: string, home: Home): ConfigFile | undefined {
  const path = resolve(named === '' ? home.config : named);
  try {
    return { path, text: readFileSync(path, 'utf8') };
  } catch (thrown) {
    if (named === '' && thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined;
    throw thrown;
  }
}
