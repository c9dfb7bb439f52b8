import { cursorFile, FileCursors } from '#sinks/file-cursors.ts';
import { openForReading } from '#store/sqlite/database.ts';
import { StoredTree } from '#store/sqlite/stored-tree.ts';
import type { EngineSide, LogAt } from './log-side.ts';

export function openSqliteSide(file: string, { origin, directory }: LogAt): EngineSide {
  const database = openForReading(file);
  const tree = new StoredTree(database);
  return {
    source: { origin, entries: (from, to) => tree.entries(from, to) },
    cursors: new FileCursors(directory),
    where: (sink) => cursorFile(directory, sink),
    size: async () => tree.head().size,
    close: async () => database.close(),
  };
}
