import { cef } from './cef/cef.ts';
import { csv } from './csv.ts';
import { ecs } from './ecs/ecs.ts';
import type { RowFormat } from './format.ts';
import type { RowFormatName } from './format-names.ts';
import { jsonl } from './jsonl.ts';
import { ocsf } from './ocsf/ocsf.ts';
import { otlp, otlpProto } from './otlp/otlp.ts';

export const rowFormats: Readonly<Record<RowFormatName, RowFormat>> = {
  jsonl,
  csv,
  ocsf,
  ecs,
  cef,
  otlp,
  'otlp-proto': otlpProto,
};
