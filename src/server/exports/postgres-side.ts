import { PostgresTree } from '#store/postgres/postgres-tree.ts';
import { Redial } from '#store/postgres/redial.ts';
import type { PostgresSettings } from '#store/postgres/settings.ts';
import type { EngineSide, LogAt } from './log-side.ts';
import { PostgresCursors } from './postgres-cursors.ts';

export function openPostgresSide(settings: PostgresSettings, { origin }: LogAt): EngineSide {
  const reading = new Redial(settings);
  const tree = new PostgresTree(reading.dial);
  const cursors = new PostgresCursors(settings);
  return {
    source: { origin, entries: (from, to) => tree.entries(from, to) },
    cursors,
    where: (sink) => `the row of ${sink} in ${settings.schema}.cursor`,
    size: async () => (await tree.head()).size,
    async close() {
      await cursors.close();
      await reading.close();
    },
  };
}
