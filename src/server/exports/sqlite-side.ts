import { FileCursors } from '#sinks/file-cursors.ts';
import { openForReading } from '#store/sqlite/database.ts';
import { StoredTree } from '#store/sqlite/stored-tree.ts';
import type { LogAt, LogSide } from './log-side.ts';

export function openSqliteSide(file: string, { origin, directory }: LogAt): LogSide {
  const database = openForReading(file);
  const tree = new StoredTree(database);
  return {
    source: { origin, entries: (from, to) => tree.entries(from, to) },
    cursors: new FileCursors(directory),
    size: async () => tree.head().size,
    close: async () => database.close(),
  };
}
