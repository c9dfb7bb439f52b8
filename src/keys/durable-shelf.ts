import { readFile } from 'node:fs/promises';
import { appendDurably, writeDurably } from './durable-file.ts';
import { holdFile } from './file-hold.ts';

/** Files on this machine's disk, as the ceremony's port `Shelf` wants them. */
export const durableShelf = {
  async read(path: string): Promise<string | undefined> {
    try {
      return await readFile(path, 'utf8');
    } catch (thrown) {
      if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined;
      throw thrown;
    }
  },
  replace: (path: string, content: string): Promise<void> => writeDurably(path, content),
  append: (path: string, line: string): Promise<void> => appendDurably(path, `${line}\n`),
  hold: holdFile,
};
