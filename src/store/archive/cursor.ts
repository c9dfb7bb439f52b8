import { readIfThere, writeDurably } from '../durable-file.ts';

/** How many bundles, from the first on, stand in which archive. */
export interface Cursor {
  readonly archive: string;
  readonly bundles: number;
}

/** Of another archive, lost or damaged, it begins at 0: what stands there already is looked at and left. */
export function readCursor(file: string, archive: string): Cursor {
  try {
    const found: unknown = JSON.parse(readIfThere(file)?.toString('utf8') ?? '');
    if (isCursor(found) && found.archive === archive) return found;
  } catch {
    // as said
  }
  return { archive, bundles: 0 };
}

export function writeCursor(file: string, cursor: Cursor): void {
  writeDurably(file, `${JSON.stringify(cursor)}\n`);
}

function isCursor(value: unknown): value is Cursor {
  return (
    typeof value === 'object' &&
    value !== null &&
    'archive' in value &&
    'bundles' in value &&
    typeof value.archive === 'string' &&
    Number.isSafeInteger(value.bundles)
  );
}
