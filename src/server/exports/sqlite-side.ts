import { CursorsOfLog } from '#sinks/cursors-of-log.ts';
import { cursorFile, FileCursors } from '#sinks/file-cursors.ts';
import { openForReading } from '#store/sqlite/database.ts';
import { StoredTree } from '#store/sqlite/stored-tree.ts';
import type { LogAt, LogSide } from './log-side.ts';

export function openSqliteSide(file: string, { origin, directory }: LogAt): LogSide {
  const database = openForReading(file);
  const tree = new StoredTree(database);
  const size = async () => tree.head().size;
  const where = (sink: string) => cursorFile(directory, sink);
  return {
    source: { origin, entries: (from, to) => tree.entries(from, to) },
    cursors: new CursorsOfLog(new FileCursors(directory), { size, where }),
    size,
    close: async () => database.close(),
  };
}
