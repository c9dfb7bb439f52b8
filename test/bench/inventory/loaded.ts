import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { softwareCheckpointSigner } from '#audit/checkpoint.ts';
import type { EngineLog } from '#store/engine-log.ts';
import { openPostgresLog } from '#store/postgres/open-log.ts';
import type { PostgresSettings } from '#store/postgres/settings.ts';
import type { PostgresWriterData } from '#store/postgres/thread-data.ts';
import { logDatabase, openLog } from '#store/sqlite/open-log.ts';
import type { SqliteWriterData } from '#store/sqlite/thread-data.ts';
import { Writer } from '#store/writer.ts';
import { encodedOf, type MeshPlan } from '#test/support/mesh-log.ts';
import { benchRecord } from '../log/record.ts';
import { endOf, planOf, type Timed, timeQuestions } from './questions.ts';

/** Questions to a whole log of one engine, which records are added to meanwhile. */
export interface Loaded {
  readonly engine: 'sqlite' | 'postgres';
  /** Records a second that were added. */
  readonly rate: number;
  readonly questions: readonly Timed[];
}

const origin = 'log.example.com/bench';
/** Records of a filling commit. */
const bulk = 4_096;
/** ms between two handfuls of records. */
const tickMs = 20;

/** `rate` is records per second. */
export async function measureLoaded(
  records: number,
  rate: number,
  settings: PostgresSettings | undefined,
  progress: (what: string) => void,
): Promise<Loaded> {
  const engine = settings === undefined ? 'sqlite' : 'postgres';
  const plan = planOf(records);
  const home = mkdtempSync(join(tmpdir(), 'countersign-bench-loaded-'));
  try {
    await fill(plan, home, settings, (done) => progress(`${engine}: ${done} of ${records} records`));
    const log = await openWhole(plan, home, settings);
    try {
      log.inventory.grown();
      for (let at = 0; at < records; at = Math.min(log.publishedSize, await log.inventory.position())) {
        progress(`${engine}: ${at} records published and taken in`);
        await pause(1_000);
      }
      const load = startLoad(log, rate);
      const ask = (asked: Parameters<EngineLog['inventory']['ask']>[0]) => log.inventory.ask(asked);
      // The first finds what has gathered while nobody asked.
      await ask({ name: 'live', filters: {}, now: endOf(plan) });
      const questions = await timeQuestions(plan, ask, (name) => progress(`${engine}: ${name}`));
      return { engine, rate: await load.stop(), questions };
    } finally {
      await log.close();
    }
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

function startLoad(log: EngineLog, rate: number): { stop(): Promise<number> } {
  const began = performance.now();
  let added = 0;
  const waiting = new Set<Promise<unknown>>();
  const timer = setInterval(() => {
    const due = ((performance.now() - began) * rate) / 1_000;
    for (; added < due && waiting.size < 2_000; added++) {
      const appended = log.append(benchRecord(added)).finally(() => waiting.delete(appended));
      waiting.add(appended);
    }
  }, tickMs);
  return {
    async stop() {
      clearInterval(timer);
      const seconds = (performance.now() - began) / 1_000;
      await Promise.all(waiting);
      return added / seconds;
    },
  };
}

async function fill(
  plan: MeshPlan,
  home: string,
  settings: PostgresSettings | undefined,
  progress: (done: number) => void,
): Promise<void> {
  const directory = join(home, 'store');
  mkdirSync(directory, { recursive: true });
  const lock = join(directory, 'log.lock');
  const sqlite: SqliteWriterData = { database: logDatabase(directory), lock, origin };
  const postgres: PostgresWriterData | undefined = settings && { settings, lock, origin };
  const module = `../../../src/store/${postgres === undefined ? 'sqlite' : 'postgres'}/writer-thread.ts`;
  const { writer } = await Writer.open(new URL(module, import.meta.url), postgres ?? sqlite);
  for (let first = 0; first < plan.entries; first += bulk) {
    const count = Math.min(bulk, plan.entries - first);
    const events = Array.from({ length: count }, (_, n) => encodedOf(first + n, plan));
    await writer.commit(events, plan.start + (first + count) * plan.step);
    progress(first);
  }
  await writer.close();
}

function openWhole(plan: MeshPlan, home: string, settings: PostgresSettings | undefined): Promise<EngineLog> {
  const begun = performance.now();
  const { privateKey } = generateKeyPairSync('ed25519');
  const options = {
    directory: join(home, 'store'),
    publicDirectory: join(home, 'public'),
    guard: join(home, 'guard'),
    signer: softwareCheckpointSigner(privateKey, origin),
    clock: { now: () => endOf(plan) + performance.now() - begun },
  };
  return settings === undefined ? openLog(options) : openPostgresLog({ ...options, settings });
}
