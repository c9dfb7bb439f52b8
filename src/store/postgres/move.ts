import { emptyRoot } from '#audit/merkle.ts';
import { movedDrops } from '../dropped-rows.ts';
import type { MoveSource, MoveTarget, SignedNote, SinkCursor } from '../move/move-log.ts';
import { StoreError } from '../store-error.ts';
import type { Bodies } from '../tree-view.ts';
import { asInteger } from './columns.ts';
import { putDisclosures } from './disclosures.ts';
import { migrate, schemaVersion } from './migrate.ts';
import { pieces } from './pieces.ts';
import { PostgresTree } from './postgres-tree.ts';
import { openAlone } from './presence.ts';
import type { Session } from './session.ts';
import { type PostgresSettings, placeOf } from './settings.ts';
import { readSigned } from './signed-row.ts';
import { statements } from './statements.ts';

export interface PostgresSource extends MoveSource {
  /** The newest checkpoint that any replica has signed. */
  readonly signed: SignedNote | undefined;
  readonly cursors: readonly SinkCursor[];
}

/** A log in PostgreSQL to be moved away, held so that no server opens it meanwhile. Rejects with StoreError. */
export async function postgresSource(settings: PostgresSettings): Promise<PostgresSource> {
  const session = await openAlone(settings);
  try {
    if ((await schemaVersion(session)) === 0) throw new StoreError('damaged', `${placeOf(settings)} has no log`);
    const [head] = await session.query(statements.head);
    return {
      name: placeOf(settings),
      origin: String(head?.origin),
      tree: new PostgresTree(async () => session),
      signed: await readSigned(session),
      cursors: await cursorsIn(session),
      [Symbol.asyncDispose]: () => session.close(),
    };
  } catch (thrown) {
    session.destroy();
    throw thrown;
  }
}

/** An empty schema in PostgreSQL that takes a log over, in one transaction. Rejects with StoreError. */
export async function postgresTarget(settings: PostgresSettings, origin: string): Promise<MoveTarget> {
  const session = await openAlone(settings);
  try {
    await migrate(session, settings.schema);
    const tree = new PostgresTree(async () => session);
    const [head] = await session.query(statements.head);
    if ((head !== undefined && head.size !== 0) || (await tree.lastIndex()) >= 0) {
      throw new StoreError('occupied', `${placeOf(settings)} has a log already: choose another schema`);
    }
    // Reading the other store takes what it takes; nobody else waits for us.
    await session.run('SET idle_in_transaction_session_timeout = 0; BEGIN; DELETE FROM tree');
    return {
      name: placeOf(settings),
      tree,
      async put(from, entries, tiles, disclosures = []) {
        const hashes = pieces(tiles.map((tile) => tile.hashes));
        for (const { first, bodies } of runsOf(from, entries)) {
          const { octets, starts, lengths } = pieces(bodies);
          await session.query(statements.putEntries, [first, octets, starts, lengths]);
        }
        if (disclosures.length > 0) await session.query(putDisclosures(0, disclosures));
        const places = [tiles.map(({ level }) => level), tiles.map(({ n }) => n)];
        await session.query(statements.putTiles, [hashes.octets, ...places, hashes.starts, hashes.lengths]);
      },
      async finish({ size, root, time }, { signed, cursors = [] }, dropped) {
        const head = [origin, size, size === 0 ? emptyRoot : root, time];
        await session.query('INSERT INTO tree (one, origin, size, root, time) VALUES (1, $1, $2, $3, $4)', head);
        if (signed !== undefined) await session.query(statements.sign, [signed.size, signed.root, signed.note]);
        // Those that stand here are of another log, or of another time of this one.
        await session.query('DELETE FROM cursor');
        for (const { sink, next, memo } of cursors)
          await session.query(statements.putCursor, [sink, next, memo ?? null]);
        for (const { record, next } of movedDrops(dropped))
          await session.query('INSERT INTO dropped VALUES ($1, $2)', [record, next]);
        await session.commit();
      },
      [Symbol.asyncDispose]: () => session.close(),
    };
  } catch (thrown) {
    session.destroy();
    throw thrown;
  }
}

async function cursorsIn(session: Session): Promise<SinkCursor[]> {
  // A log whose server is of an earlier version has no such table.
  const [there] = await session.query("SELECT to_regclass('cursor') IS NOT NULL AS there");
  const rows = there?.there === true ? await session.query('SELECT sink, next, memo FROM cursor ORDER BY sink') : [];
  return rows.map(({ sink, next, memo }) => ({
    sink: String(sink),
    next: asInteger(next, `the cursor of ${sink}`),
    ...(typeof memo === 'string' && { memo }),
  }));
}

/** Bodies that stand beside each other, with the index of the first. */
function runsOf(from: number, entries: Bodies): { first: number; bodies: Uint8Array[] }[] {
  const runs: { first: number; bodies: Uint8Array[] }[] = [];
  for (const [at, body] of entries.entries()) {
    if (body === undefined) continue;
    const run = runs.at(-1);
    if (run !== undefined && run.first + run.bodies.length === from + at) run.bodies.push(body);
    else runs.push({ first: from + at, bodies: [body] });
  }
  return runs;
}
