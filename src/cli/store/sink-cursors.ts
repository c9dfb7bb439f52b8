import { rm } from 'node:fs/promises';
import { exportsDirectory } from '#server/exports/export-data.ts';
import { cursorFile, cursorFilesIn, readCursors, writeCursor } from '#sinks/file-cursors.ts';
import type { MoveTarget, SinkCursor } from '#store/move/move-log.ts';
import { Failure } from '../failure.ts';

/** Of an embedded log they lie beside it. Rejects with Failure for a file that is no cursor. */
export async function cursorsBeside(directory: string): Promise<readonly SinkCursor[]> {
  const places = await readCursors(exportsDirectory(directory)).catch((cause: Error) => {
    throw new Failure('input', cause.message, 'without it that sink begins anew', { cause });
  });
  return [...places].map(([sink, place]) => ({ sink, ...place }));
}

/**
 * Cursors written before the log itself is there for good: a crash between the two leaves no log, and the next move
 * writes them again.
 */
export function withCursorsBeside(target: MoveTarget, directory: string): MoveTarget {
  const exports = exportsDirectory(directory);
  return {
    ...target,
    async finish(head, carried, dropped) {
      // Those that lie here are of another log, or of another time of this one.
      for (const file of await cursorFilesIn(exports)) await rm(file);
      for (const { sink, ...place } of carried.cursors ?? [])
        await writeCursor(cursorFile(exports, nameOf(sink)), place);
      await target.finish(head, carried, dropped);
    },
  };
}

function nameOf(sink: string): string {
  if (/^[a-z0-9]+([.-][a-z0-9]+)*$/.test(sink)) return sink;
  throw new Failure('no', `the old store has a cursor for "${sink}", which cannot be the name of a file`);
}
