import type { Format } from './format.ts';
import { namesOf } from './names-of.ts';
import { parquet } from './parquet/parquet.ts';
import { type RowFormatName, rowFormats } from './row-formats.ts';

/** Every format by its name, which is part of the interface: add, never rename. */
export const formats: Readonly<Record<RowFormatName | 'parquet', Format>> = { ...rowFormats, parquet };
export type FormatName = keyof typeof formats;
export const formatNames: readonly FormatName[] = namesOf(formats);
