import { cef } from './cef/cef.ts';
import { ecs } from './ecs/ecs.ts';
import type { RowFormat } from './format.ts';
import { jsonl } from './jsonl.ts';
import { ocsf } from './ocsf/ocsf.ts';

/** Every format by its name, which is part of the interface: add, never rename. */
export const formats = { jsonl, ocsf, ecs, cef } as const satisfies Record<string, RowFormat>;

export type FormatName = keyof typeof formats;
export const formatNames = Object.keys(formats) as readonly FormatName[];
