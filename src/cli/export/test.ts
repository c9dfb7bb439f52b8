import { loadConfig } from '#config/load.ts';
import type { Outcome } from '#sinks/driver.ts';
import type { SinkSettings } from '#sinks/settings.ts';
import { trySink } from '#sinks/try-sink.ts';
import { type SignedLog, signedOf } from '../audit/signed-log.ts';
import type { Input } from '../command/command.ts';
import type { Exit } from '../exit.ts';
import { Failure } from '../failure.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { testOptions } from './options.ts';

export async function runTest(
  { options, operands, home }: Input<typeof testOptions>,
  terminal: Terminal,
): Promise<Exit> {
  const { audit, exports } = loadConfig(options.config ?? home.config).config;
  const [name = ''] = operands;
  const sink = exports.find((each) => each.name === name);
  if (sink === undefined) {
    const names = exports.map((each) => each.name).join(', ');
    throw new Failure('input', `there is no sink "${name}"`, names === '' ? 'exports is empty' : `there are: ${names}`);
  }
  const { outcome, seq } = await attempt(sink, await signedOf(audit));
  const problem = problemOf(outcome);
  if (options.json) terminal.printJson({ sink: name, taken: problem === undefined, seq, problem });
  else if (problem === undefined)
    terminal.print(seq === undefined ? `${name}: can be written to` : `${name}: took record ${seq}`);
  else terminal.print(`${name}: ${problem}`);
  if (problem === undefined) return 'ok';
  return outcome.kind === 'retry' ? 'unavailable' : 'no';
}

async function attempt(sink: SinkSettings, log: SignedLog): Promise<{ outcome: Outcome; seq: number | undefined }> {
  const { origin, size, name } = log;
  try {
    if (size === 0) throw new Failure('input', `${name}: no record is published yet`);
    const source = { origin, entries: (from: number, to: number) => log.entries(from, to) };
    const { outcome, sent } = await trySink(sink, source, size);
    return { outcome, seq: sent ? size - 1 : undefined };
  } finally {
    await log.close();
  }
}

function problemOf(outcome: Outcome): string | undefined {
  switch (outcome.kind) {
    case 'accepted':
      return undefined;
    case 'refused':
      return [...outcome.rows.values()].join('; ');
    case 'retry':
    case 'doubtful':
    case 'unfit':
      return outcome.reason;
  }
}
