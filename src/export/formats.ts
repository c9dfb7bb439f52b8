import { cef } from './cef/cef.ts';
import { csv } from './csv.ts';
import { ecs } from './ecs/ecs.ts';
import type { RowFormat } from './format.ts';
import { jsonl } from './jsonl.ts';
import { ocsf } from './ocsf/ocsf.ts';
import { otlp, otlpProto } from './otlp/otlp.ts';

/** Every format by its name, which is part of the interface: add, never rename. */
export const formats = { jsonl, csv, ocsf, ecs, cef, otlp, 'otlp-proto': otlpProto } as const satisfies Record<
  string,
  RowFormat
>;

export type FormatName = keyof typeof formats;
export const formatNames = Object.keys(formats) as readonly FormatName[];
