import type { RowFormat } from './format.ts';
import { jsonl } from './jsonl.ts';

/** Every format by its name, which is part of the interface: add, never rename. */
export const formats = { jsonl } as const satisfies Record<string, RowFormat>;

export type FormatName = keyof typeof formats;
export const formatNames = Object.keys(formats) as readonly FormatName[];
