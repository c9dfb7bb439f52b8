import type { Format } from './format.ts';
import type { FormatName } from './format-names.ts';
import { parquet } from './parquet/parquet.ts';
import { rowFormats } from './row-formats.ts';

export const formats: Readonly<Record<FormatName, Format>> = { ...rowFormats, parquet };
