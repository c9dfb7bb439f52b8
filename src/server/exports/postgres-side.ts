import { CursorsOfLog } from '#sinks/cursors-of-log.ts';
import { PostgresTree } from '#store/postgres/postgres-tree.ts';
import { Redial } from '#store/postgres/redial.ts';
import type { PostgresSettings } from '#store/postgres/settings.ts';
import type { LogAt, LogSide } from './log-side.ts';
import { PostgresCursors } from './postgres-cursors.ts';

export function openPostgresSide(settings: PostgresSettings, { origin }: LogAt): LogSide {
  const reading = new Redial(settings);
  const tree = new PostgresTree(reading.dial);
  const cursors = new PostgresCursors(settings);
  const size = async () => (await tree.head()).size;
  const where = (sink: string) => `the row of ${sink} in ${settings.schema}.cursor`;
  return {
    source: { origin, entries: (from, to) => tree.entries(from, to) },
    cursors: new CursorsOfLog(cursors, { size, where }),
    size,
    async close() {
      await cursors.close();
      await reading.close();
    },
  };
}
