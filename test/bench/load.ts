import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { median, percentile } from './median.ts';
import { cpuOf } from './process-cpu.ts';
import type { LoadCaller } from './setting.ts';
import type { Subject } from './subject.ts';

/** What a server did under one load, while it was steady. */
export interface Run {
  /** Answers per second. */
  readonly rate: number;
  /** CPU of the server per answer, µs. */
  readonly cpuMicros: number;
  /** CPU of those whom the server makes work, per answer, µs. */
  readonly othersMicros: number;
  /** Client-side, ms; absent where a call is more than one request. */
  readonly p50?: number;
  readonly p99?: number;
  /** CPU of the load generator per answer, µs, on the same cores. */
  readonly loaderMicros: number;
}

export interface Shape {
  /** Connections, each with one call at a time. */
  readonly concurrency: number;
  /** A new connection, with its handshake, for every call. */
  readonly fresh?: boolean;
}

const path = '/istio.v1.auth.IstioCertificateService/CreateCertificate';
/** Seconds until all connections are open and the code is warm. */
const rampSeconds = 0.5;
/** Seconds that a load generator has to come to its end. */
const graceSeconds = 60;
/** The same where all that counts has been counted. */
const lateSeconds = 3;

/** On a machine that is busy with others a short load may pass before the first answer. */
const attempts = 5;

/** Drives one server for `seconds` and looks at its own counters at the beginning and the end of them. */
export async function load(subject: Subject, shape: Shape, seconds: number): Promise<Run> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const run = await loadOnce(subject, shape, seconds);
    if (run !== undefined) return run;
  }
  throw new Error(`nothing was answered under load, ${attempts} times in a row`);
}

/** Undefined where nothing was answered. */
async function loadOnce(subject: Subject, shape: Shape, seconds: number): Promise<Run | undefined> {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-load-'));
  const loaderBefore = cpuOf('self').children;
  const firstSample = await subject.sample();
  try {
    const driver = shape.fresh
      ? new FreshConnections(subject, shape)
      : new OpenConnections(subject, shape, seconds, directory);
    await wait(rampSeconds * 1000);
    const from = Date.now();
    const before = await subject.sample();
    const othersBefore = othersOf(subject);
    await wait(seconds * 1000);
    const after = await subject.sample();
    const othersAfter = othersOf(subject);
    const until = Date.now();
    await driver.stop();
    subject.demandIssued();
    if (after.done === before.done) return undefined;
    const all = (await subject.sample()).done - firstSample.done;
    return {
      rate: ((after.done - before.done) * 1000) / (after.at - before.at),
      cpuMicros: (after.cpuMicros - before.cpuMicros) / (after.done - before.done),
      othersMicros: (othersAfter - othersBefore) / (after.done - before.done),
      loaderMicros: (cpuOf('self').children - loaderBefore) / all,
      ...driver.latencies(from, until),
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function othersOf({ setting }: Subject): number {
  return (setting.othersPids ?? []).reduce((sum, pid) => sum + cpuOf(pid).own, 0);
}

/** The median of each number over runs. */
export function medianRun(runs: readonly Run[]): Run {
  const of = (pick: (run: Run) => number) => median(runs.map(pick));
  const [first] = runs;
  return {
    rate: of((run) => run.rate),
    cpuMicros: of((run) => run.cpuMicros),
    othersMicros: of((run) => run.othersMicros),
    loaderMicros: of((run) => run.loaderMicros),
    ...(first?.p50 !== undefined && { p50: of((run) => run.p50 ?? 0), p99: of((run) => run.p99 ?? 0) }),
  };
}

interface Latencies {
  readonly p50?: number;
  readonly p99?: number;
}

/** `h2load` on connections that stay open, one for each caller; it writes a line per request. */
class OpenConnections {
  readonly #processes: readonly ChildProcess[];
  readonly #logs: readonly string[];

  constructor(subject: Subject, { concurrency }: Shape, seconds: number, directory: string) {
    const whole = Math.ceil((seconds + 2 * rampSeconds) * 1000);
    const callers = subject.setting.callers.slice(0, concurrency);
    this.#logs = callers.map((_, at) => join(directory, `requests-${at}`));
    this.#processes = callers.map((caller, at) => {
      const share = Math.floor((concurrency + at) / callers.length);
      return h2load(
        subject,
        caller,
        ['-c', `${share}`, '-D', `${whole}ms`, `--log-file=${this.#logs[at]}`],
        whole / 1000 + lateSeconds,
      );
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#processes.map((child) => exited(child, 'or ended by us')));
  }

  /** `from`, `until`: ms since the epoch. */
  latencies(from: number, until: number): Latencies {
    const ms: number[] = [];
    for (const line of this.#logs.flatMap((log) => readFileSync(log, 'latin1').split('\n'))) {
      const [start = '', , micros = ''] = line.split('\t');
      const at = Number(start) / 1000;
      if (line !== '' && at >= from && at < until) ms.push(Number(micros) / 1000);
    }
    return { p50: percentile(ms, 0.5), p99: percentile(ms, 0.99) };
  }
}

const perBurst = 64;

/** Short runs of `h2load`, one call a connection, two at a time so that the start of one hides behind the other. */
class FreshConnections {
  #stopped = false;
  readonly #lanes: Promise<void>[];

  constructor(subject: Subject, shape: Shape) {
    const clients = Math.min(perBurst, shape.concurrency);
    this.#lanes = [0, 1].map(() => this.#lane(subject, clients));
  }

  async #lane(subject: Subject, clients: number): Promise<void> {
    const [caller] = subject.setting.callers;
    while (!this.#stopped)
      await exited(h2load(subject, caller, ['-c', `${clients}`, '-n', `${clients}`], graceSeconds));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#lanes);
  }

  latencies(): Latencies {
    return {};
  }
}

/** Ends it `seconds` after its start at the latest: with a connection that was not made in time it would go on for ever. */
function h2load(
  { address }: Subject,
  { body, authorization }: LoadCaller,
  how: readonly string[],
  seconds: number,
): ChildProcess {
  const headers = ['content-type: application/grpc', 'te: trailers', `authorization: ${authorization}`];
  const words = [...how, '-d', body, ...headers.flatMap((each) => ['-H', each]), `https://${address}${path}`];
  return spawn('h2load', words, { stdio: ['ignore', 'ignore', 'inherit'], timeout: seconds * 1000 });
}

async function exited(child: ChildProcess, how?: 'or ended by us'): Promise<void> {
  const isOver = child.exitCode !== null || child.signalCode !== null;
  const [code, signal] = isOver ? [child.exitCode, child.signalCode] : await once(child, 'exit');
  if (code === 0 || (signal === 'SIGTERM' && how !== undefined)) return;
  throw new Error(`h2load ended with ${code ?? signal}`);
}
