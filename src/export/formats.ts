import { cef } from './cef/cef.ts';
import { csv } from './csv.ts';
import { ecs } from './ecs/ecs.ts';
import type { Format, RowFormat } from './format.ts';
import { jsonl } from './jsonl.ts';
import { ocsf } from './ocsf/ocsf.ts';
import { otlp, otlpProto } from './otlp/otlp.ts';
import { parquet } from './parquet/parquet.ts';

/** Formats whose rows stand for themselves. */
export const rowFormats = { jsonl, csv, ocsf, ecs, cef, otlp, 'otlp-proto': otlpProto } as const satisfies Record<
  string,
  RowFormat
>;
export type RowFormatName = keyof typeof rowFormats;

/** Every format by its name, which is part of the interface: add, never rename. */
export const formats: Readonly<Record<RowFormatName | 'parquet', Format>> = { ...rowFormats, parquet };
export type FormatName = keyof typeof formats;
export const formatNames: readonly FormatName[] = [...namesOf(rowFormats), 'parquet'];

export function namesOf<Name extends string>(table: Readonly<Record<Name, unknown>>): Name[] {
  return Object.keys(table) as Name[];
}
