import { cef } from './cef/cef.ts';
import { csv } from './csv.ts';
import { ecs } from './ecs/ecs.ts';
import type { RowFormat } from './format.ts';
import { jsonl } from './jsonl.ts';
import { namesOf } from './names-of.ts';
import { ocsf } from './ocsf/ocsf.ts';
import { otlp, otlpProto } from './otlp/otlp.ts';

/** Formats whose rows stand for themselves: what a sink can be given. */
export const rowFormats = { jsonl, csv, ocsf, ecs, cef, otlp, 'otlp-proto': otlpProto } as const satisfies Record<
  string,
  RowFormat
>;
export type RowFormatName = keyof typeof rowFormats;
export const rowFormatNames: readonly RowFormatName[] = namesOf(rowFormats);
