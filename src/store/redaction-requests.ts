import { randomUUID } from 'node:crypto';
import { readdir, readFile, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isRedactable, type RedactableField } from '#audit/disclosure.ts';
import { mostRedacted } from '#audit/redacted.ts';
import { writeDurably } from './durable-file.ts';

/** What somebody wants to have erased of a log: which values, never what they are. */
export interface RedactionRequest {
  readonly field: RedactableField;
  /** Indexes of the records, ascending. */
  readonly records: readonly number[];
  /** Who asked for it. */
  readonly by: string;
}

/** Beside the store, since only who runs the server may ask for it. */
const folderOf = (directory: string) => join(directory, 'redactions');

/** Asks for it, durably: the server of the directory does it, now or when it next starts. */
export function requestRedaction(directory: string, request: RedactionRequest): void {
  writeDurably(join(folderOf(directory), `${randomUUID()}.json`), JSON.stringify(request));
}

/** Names of the files with what is asked for and not yet done. */
export async function openRequests(directory: string): Promise<string[]> {
  try {
    const names = await readdir(folderOf(directory));
    return names.filter((name) => name.endsWith('.json')).map((name) => join(folderOf(directory), name));
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return [];
    throw thrown;
  }
}

/** Undefined for a file that asks for nothing that can be done. `size`: of the log. */
export async function readRequest(file: string, size: number): Promise<RedactionRequest | undefined> {
  try {
    const { field, records, by }: Record<string, unknown> = Object(JSON.parse(await readFile(file, 'utf8')));
    if (!isRedactable(field) || !Array.isArray(records) || typeof by !== 'string') return undefined;
    const indexes = records.filter((index) => Number.isSafeInteger(index) && index < size);
    const isOrdered = indexes.every((index, at) => index > (indexes[at - 1] ?? -1));
    const fits = indexes.length === records.length && indexes.length > 0 && indexes.length <= mostRedacted;
    return fits && isOrdered ? { field, records: indexes, by } : undefined;
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined;
    throw thrown;
  }
}

export const requestDone = (file: string): Promise<void> => unlink(file);

/** Put aside, for whoever wonders. */
export const requestRefused = (file: string): Promise<void> => rename(file, `${file}.refused`);
