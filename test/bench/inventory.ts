import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { QuestionName } from '#audit/questions/catalogue.ts';
import type { Filters } from '#audit/questions/filters.ts';
import { answerAsked } from '#store/inventory/ask/answer.ts';
import { Projection } from '#store/inventory/projection.ts';
import { openInventoryFile } from '#store/inventory/tables.ts';
import { viewOf } from '#test/store/inventory/memory-view.ts';
import {
  entryOf,
  issuerKey,
  jtiOfEntry,
  keyOfEntry,
  pick,
  policySet,
  serialOfEntry,
  sha256OfEntry,
} from '#test/support/mesh-log.ts';

export interface InventoryResults {
  readonly records: number;
  /** CPU of projecting one record, µs, and octets of the file for each. */
  readonly rowMicros: number;
  readonly rowOctets: number;
  readonly questions: readonly { readonly name: string; readonly p50: number; readonly p95: number }[];
}

const times = 40;
/** ms; an hour of certificates of an hour is live, at 50 records a second. */
const step = 20;

/** How long each question takes over so many records, and what a record costs; one page of 50, a different one each time. */
export async function inventoryBenchmark(records: number, progress: (what: string) => void): Promise<InventoryResults> {
  const plan = { entries: records, start: Date.parse('2026-11-01T00:00:00Z'), step, ...mesh };
  const view = viewOf(records, (n) => entryOf(n, plan));
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-inventory-'));
  const file = join(folder, 'inventory.db');
  const database = openInventoryFile(file, 'log.example/bench', records);
  try {
    let made = 0;
    const counting = {
      ...view,
      entries: (from: number, to: number) => {
        const before = process.cpuUsage();
        const entries = view.entries(from, to);
        made += micros(process.cpuUsage(before));
        return entries;
      },
    };
    const projection = new Projection(database, counting);
    const before = process.cpuUsage();
    while (await projection.step(records)) progress(`${projection.position} records taken in`);
    const rowMicros = (micros(process.cpuUsage(before)) - made) / records;
    const now = plan.start + records * step;
    const questions: { name: string; p50: number; p95: number }[] = [];
    for (const [name, filtersFor] of asked(records, now)) {
      progress(name);
      const taken: number[] = [];
      for (let n = 0; n < times; n++) {
        const filters = filtersFor(pick(n, 77, records));
        const begin = performance.now();
        await answerAsked(database, view, { name: nameOf(name), filters, now }, records);
        taken.push(performance.now() - begin);
      }
      taken.sort((a, b) => a - b);
      questions.push({ name, p50: taken[times / 2] ?? 0, p95: taken[Math.floor(times * 0.95)] ?? 0 });
    }
    return { records, rowMicros, rowOctets: statSync(file).size / records, questions };
  } finally {
    database.close();
    rmSync(folder, { recursive: true });
  }
}

export function inventoryReport({ records, rowMicros, rowOctets, questions }: InventoryResults): string {
  const lines = questions.map(
    ({ name, p50, p95 }) => `  ${name.padEnd(34)} ${p50.toFixed(1).padStart(8)} ${p95.toFixed(1).padStart(8)}`,
  );
  return [
    `${records} records: ${rowMicros.toFixed(1)} µs of CPU and ${rowOctets.toFixed(0)} octets each`,
    `  ${'question, ms'.padEnd(34)} ${'p50'.padStart(8)} ${'p95'.padStart(8)}`,
    ...lines,
    '',
  ].join('\n');
}

const mesh = { namespaces: 100, accounts: 100, nodes: 500, ttl: 3_600 };

const micros = ({ user, system }: NodeJS.CpuUsage) => user + system;
const nameOf = (words: string): QuestionName => (words.split(' ')[0] ?? '') as QuestionName;

function asked(records: number, now: number): readonly (readonly [string, (n: number) => Filters])[] {
  const namespace = (n: number) => `ns-${pick(n, 4, mesh.namespaces)}`;
  const account = (n: number) => `${namespace(n)}/sa-${pick(n, 5, mesh.accounts)}`;
  const identity = (n: number) => `spiffe://cluster.local/ns/${account(n).replace('/', '/sa/')}`;
  const node = (n: number) => `node-${pick(n, 6, mesh.nodes)}`;
  const moment = (n: number) => now - (records - n) * step;
  return [
    ['held', (n) => ({ identity: identity(n), at: moment(n) })],
    ['held by prefix', (n) => ({ 'identity-prefix': `spiffe://cluster.local/ns/${namespace(n)}/`, at: moment(n) })],
    ['live', () => ({})],
    ['live by namespace', (n) => ({ namespace: namespace(n) })],
    ['live by trust domain', () => ({ 'trust-domain': 'other.example' })],
    ['account', (n) => ({ 'service-account': account(n), since: moment(n) })],
    ['from-node', (n) => ({ node: node(n) })],
    ['impersonated', (n) => ({ until: moment(n) })],
    ['logged', (n) => ({ serial: serialOfEntry(n) })],
    ['logged by sha256', (n) => ({ sha256: sha256OfEntry(n) })],
    ['live-keys', () => ({ 'key-kind': 'rsa:2048' })],
    ['expiring', () => ({})],
    ['most-refused', () => ({})],
    ['mismatch', (n) => ({ until: moment(n) })],
    ['shared-keys', (n) => ({ until: moment(n) })],
    ['old-keys', () => ({ 'older-than': 86_400_000 })],
    ['key', (n) => ({ key: keyOfEntry(n) })],
    ['signed-by', (n) => ({ issuer: issuerKey, since: moment(n) })],
    ['signed-by name', (n) => ({ issuer: 'spare', until: moment(n) })],
    ['policy-changes', (n) => ({ until: moment(n) })],
    ['policy-of', (n) => ({ serial: serialOfEntry(n) })],
    ['interruptions', (n) => ({ until: moment(n) })],
    ['authorities', (n) => ({ until: moment(n) })],
    ['keys', () => ({})],
    ['rate', (n) => ({ until: moment(n) })],
    ['rate by minute', (n) => ({ since: moment(n) - 10_000_000, until: moment(n) })],
    ['rate by namespace', (n) => ({ namespace: namespace(n) })],
    ['revocations', (n) => ({ until: moment(n) })],
    ['token', (n) => ({ token: jtiOfEntry(n) })],
    ['records by prefix', () => ({ 'identity-prefix': 'spiffe://cluster.local/' })],
    ['records by pod', (n) => ({ pod: `pod-${pick(n, 7, mesh.accounts * 50)}` })],
    ['records by policy set', (n) => ({ policy: policySet(Math.floor(n / 500)) })],
    ['records of three wide filters', (n) => ({ cluster: 'east', 'key-kind': 'ed25519', node: node(n) })],
    ['records that nothing matches', () => ({ cluster: 'east', issuer: 'mesh', outcome: 'denied' })],
    ['records refused so', () => ({ reason: 'key.weak', cluster: 'west' })],
  ];
}
