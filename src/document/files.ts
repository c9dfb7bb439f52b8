import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DocumentError, type Problem } from './problem.ts';

/** A file as read. */
export interface TextFile {
  readonly file: string;
  readonly text: string;
}

/**
 * The named files, and of each named folder its `*.yaml` and `*.yml` by name. Throws DocumentError for what cannot be
 * read, or a folder that holds none.
 */
export function readFiles(paths: readonly string[]): TextFile[] {
  return paths.flatMap((path) => {
    try {
      if (!statSync(path).isDirectory()) return [readOne(path)];
      const names = readdirSync(path).filter((name) => /\.ya?ml$/.test(name) && !name.startsWith('.'));
      if (names.length === 0) throw new DocumentError([unplaced(path, 'the folder holds no *.yaml file')]);
      return names.toSorted().map((name) => readOne(join(path, name)));
    } catch (thrown) {
      if (thrown instanceof DocumentError || !(thrown instanceof Error)) throw thrown;
      throw new DocumentError([unplaced(path, reason(thrown))], { cause: thrown });
    }
  });
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function readOne(file: string): TextFile {
  const bytes = readFileSync(file);
  try {
    return { file, text: utf8.decode(bytes) };
  } catch (cause) {
    throw new DocumentError([unplaced(file, 'the file is not UTF-8 text')], { cause });
  }
}

const unplaced = (file: string, message: string): Problem => ({ file, line: 1, column: 1, path: '', message });

function reason(error: Error): string {
  const code = 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES') return 'the file may not be read by this user';
  return `cannot be read: ${error.message}`;
}
