import { expect } from 'vitest';
import { openSession } from '#store/postgres/open-session.ts';
import { statements } from '#store/postgres/statements.ts';
import type { PostgresServer } from '#test/support/postgres/server.ts';
import { fillPostgres } from './postgres-engines.ts';

/** That no statement of a log's sessions reads a table from end to end, of a log of a million rows that it makes in `schema`. */
export async function demandKeyedStatements(server: PostgresServer, schema: string): Promise<void> {
  await fillPostgres(server, schema, { origin: 'log.example.com/plans', records: 3_000, time: 0 });
  // a million rows: the planner then takes a way by a key of its own accord
  await server.sql(`INSERT INTO ${schema}.entry SELECT n, '\\x7b7d' FROM generate_series(10000, 1000000) AS n;
    INSERT INTO ${schema}.tile SELECT 0, n, '\\x00' FROM generate_series(100, 4000) AS n;
    INSERT INTO ${schema}.batch SELECT md5(n::text)::uuid, md5(n::text)::uuid, n, 1 FROM generate_series(1, 1000) AS n;
    ANALYZE ${schema}.entry; ANALYZE ${schema}.tile; ANALYZE ${schema}.batch`);
  const session = await openSession(server.settings(schema));
  const uuid = '00000000-0000-7000-8000-000000000000';
  const values: Record<keyof typeof statements, readonly unknown[]> = {
    head: [],
    lockHead: [],
    tile: [0, 3],
    edge: [
      [0, 1],
      [11, 0],
    ],
    leaves: [11, 97],
    entry: [1_700],
    lockSink: ['plans', 'siem'],
    unlockSink: ['plans', 'siem'],
    cursor: ['siem'],
    putCursor: ['siem', 1, null],
    entries: [256, 512],
    lastIndex: [],
    dropped: [-1],
    drop: [1_700, 1],
    erase: [1_700],
    disclosures: [256, 512],
    putDisclosures: [[3_000], ['peer.ip'], Buffer.from('ab'), [1], [2], ['"192.0.2.7"']],
    putBatchDisclosures: [[3_000], ['peer.ip'], Buffer.from('ab'), [1], [2], ['"192.0.2.7"'], uuid, uuid],
    batch: [uuid, uuid],
    write: [
      3_000,
      Buffer.from('ab'),
      [1],
      [2],
      Buffer.from('cd'),
      [0],
      [11],
      [1],
      [2],
      uuid,
      uuid,
      1,
      3_001,
      Buffer.alloc(32),
      0,
      Buffer.alloc(32),
    ],
    putEntries: [3_000, Buffer.from('ab'), [1], [2]],
    putTiles: [Buffer.from('cd'), [0], [11], [1], [2]],
    forgetWriter: [uuid],
    signed: [],
    sign: [1, Buffer.alloc(32), ''],
    show: [1, ''],
    shown: [],
  };
  for (const [name, text] of Object.entries(statements)) {
    const rows = await session.query(`EXPLAIN ${text}`, Object.entries(values).find(([each]) => each === name)?.[1]);
    const plan = rows.map((row) => String(row['QUERY PLAN'])).join('\n');
    expect(plan, name).not.toMatch(/Seq Scan on (entry|tile|batch|disclosure)/);
  }
  for (const name of ['entry', 'entries', 'lastIndex'] as const) {
    const [row] = await session.query(`EXPLAIN (ANALYZE, FORMAT JSON) ${statements[name]}`, values[name]);
    expect(JSON.stringify(row), name).toMatch(/"Index (Only )?Scan/);
  }
  await session.close();
}
