import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Paths of all files below a directory, sorted. */
export function filesUnder(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((found) => found.isFile())
    .map((found) => relative(directory, join(found.parentPath, found.name)))
    .sort();
}
