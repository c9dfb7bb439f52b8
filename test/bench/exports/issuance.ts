import { stringify } from 'yaml';
import type { Progress } from '../benchmark.ts';
import { warmUp } from '../compare.ts';
import { load, medianRun, type Run } from '../load.ts';
import { median } from '../median.ts';
import type { Effort } from '../plan.ts';
import { type Setting, softwareSetting } from '../setting.ts';
import { settled } from '../settled.ts';
import { type Subject, startFull } from '../subject.ts';
import { type Places, secretName } from './targets.ts';

/** Of the rounds' quotients, each of two runs side by side: with exports over without. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export interface IssuanceResult {
  readonly concurrency: number;
  readonly without: Run;
  readonly with: Run;
  readonly rate: Spread;
  /** CPU of the server for a certificate while it is under load. */
  readonly cpu: Spread;
  /** The same until it has nothing left to do, the inventory and the exports included, less what it takes for nothing, µs. */
  readonly allMicros: { readonly without: number; readonly with: number };
}

interface Round {
  readonly run: Run;
  readonly allMicros: number;
}

/** One server with three sinks and one without, in turn; the next run begins when the one before has paid for everything. */
export async function issuanceWithExports(places: Places, effort: Effort, progress: Progress): Promise<IssuanceResult> {
  await using undo = new AsyncDisposableStack();
  const start = async (setting: Setting) => {
    undo.defer(() => setting.remove());
    const subject = await startFull(setting);
    undo.defer(() => subject.stop());
    await warmUp(subject, effort);
    await settled(subject);
    return subject;
  };
  const subjects = { without: await start(softwareSetting()), with: await start(exportingTo(places)) };
  const rounds = { without: [] as Round[], with: [] as Round[] };
  const concurrency = effort.concurrencies.at(-1) ?? 1;
  const pairs = 2 * effort.rounds;
  for (let round = 0; round < pairs; round++) {
    // Whoever is first in one round is second in the next: a machine grows slower or quicker as time passes.
    const order = round % 2 === 0 ? (['without', 'with'] as const) : (['with', 'without'] as const);
    for (const name of order) {
      progress(`issuance ${name} exports, round ${round + 1} of ${pairs}`);
      rounds[name].push(await paid(subjects[name], concurrency, effort.seconds));
    }
  }
  const runs = (name: keyof typeof rounds) => rounds[name].map(({ run }) => run);
  const spread = (of: (run: Run) => number): Spread => {
    const quotients = runs('with').map((run, at) => of(run) / of(runs('without')[at] ?? run));
    return { median: median(quotients), least: Math.min(...quotients), most: Math.max(...quotients) };
  };
  const all = (name: keyof typeof rounds) => median(rounds[name].map(({ allMicros }) => allMicros));
  return {
    concurrency,
    without: medianRun(runs('without')),
    with: medianRun(runs('with')),
    rate: spread(({ rate }) => rate),
    cpu: spread(({ cpuMicros }) => cpuMicros),
    allMicros: { without: all('without'), with: all('with') },
  };
}

async function paid(subject: Subject, concurrency: number, seconds: number): Promise<Round> {
  const before = await subject.sample();
  const run = await load(subject, { concurrency }, seconds);
  const idle = await settled(subject);
  const after = await subject.sample();
  const own = after.cpuMicros - before.cpuMicros - idle * (after.at - before.at);
  return { run, allMicros: own / (after.done - before.done) };
}

function exportingTo({ http, folder }: Places): Setting {
  const setting = softwareSetting();
  const secret = () => ({ env: secretName });
  const url = `http://127.0.0.1:${http}`;
  const exports = [
    { name: 'file', to: { file: { directory: `${folder}/issued` } } },
    { name: 'elastic', to: { elastic: { url } } },
    {
      name: 's3',
      to: { s3: { endpoint: url, bucket: 'lake', accessKey: secret(), secretKey: secret(), flush: '1s' } },
    },
  ];
  setting.home.write('countersign.yaml', stringify({ ...setting.home.config, exports }));
  return { ...setting, env: { ...setting.env, [secretName]: 'of nobody' } };
}
