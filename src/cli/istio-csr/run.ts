import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { LoadedConfig } from '#config/load.ts';
import type { Input } from '../command/command.ts';
import type { Options } from '../command/options.ts';
import type { Exit } from '../exit.ts';
import { Failure } from '../failure.ts';
import { type Home, openHome } from '../home.ts';
import { type Rounds, runServer } from '../serve/serve.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { type ConfigFile, configuration, flagsAlone } from './configuration.ts';
import { FlagError, parseFlags } from './flags/parse.ts';
import { allFlags } from './flags/table.ts';
import type { IstioCsrValues } from './line.ts';
import { notesOn } from './notes.ts';
import { type LogPlace, UnconfiguredLog } from './unconfigured-log.ts';

export async function runIstioCsr({ words }: Input<Options>, terminal: Terminal): Promise<Exit> {
  const loaded = inFlags(() => {
    const { values, given } = parseFlags(allFlags, words);
    const home = openHome(values.home === '' ? undefined : values.home, process.env);
    const file = readFile(values.config, home);
    const rounds = file === undefined ? withoutFile(values, home) : oneRound(configuration(values, file, process.env));
    return { rounds, notes: notesOn(given, values), readyFile: values['ready-file'] };
  });
  for (const note of loaded.notes) terminal.note(note);
  return runServer(loaded.rounds, loaded.readyFile === '' ? undefined : loaded.readyFile);
}

const oneRound = (config: LoadedConfig): Rounds => ({ load: () => config });

/** Flags alone: the log is where there is room for it, and begins anew where that is small. */
function withoutFile(values: IstioCsrValues, { directory }: Home): Rounds {
  const log = new UnconfiguredLog(directory, `countersign-${process.getuid?.() ?? 0}-${portOf(values)}`);
  let place: LogPlace | undefined;
  const load = () =>
    flagsAlone(
      values,
      directory,
      () => {
        place = log.prepare();
        return place.audit;
      },
      process.env,
    );
  return { load, over: (signal) => (place === undefined ? new Promise(() => {}) : log.full(place, signal)) };
}

const portOf = (values: IstioCsrValues) => values['serving-address'].replace(/^.*:/, '');

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
