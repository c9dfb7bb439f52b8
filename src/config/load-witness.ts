import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { openDocument } from '#document/document.ts';
import { DocumentError, type Problem } from '#document/problem.ts';
import { checkWitness } from './check-witness.ts';
import { asWritten, fill } from './fill.ts';
import { resolveWitness } from './resolve-witness.ts';
import { WitnessConfigSchema } from './schema/witness.ts';
import type { TelemetryConfig } from './sections/telemetry.ts';
import type { WitnessConfig } from './sections/witness.ts';

export interface StandaloneWitness {
  readonly witness: WitnessConfig;
  readonly logs: TelemetryConfig['logs'];
}

const written = asWritten(WitnessConfigSchema);

/** Reads and checks the configuration of a witness that stands alone. Throws DocumentError with every problem found. */
export function loadWitnessConfig(file: string): StandaloneWitness {
  const document = openDocument(readFileSync(file, 'utf8'), file, written);
  const content = fill(WitnessConfigSchema, document.content);
  const problems: Problem[] = [];
  checkWitness(content, [], (path, message) => problems.push(document.problem(path, message)));
  if (problems.length > 0) throw new DocumentError(problems);
  const folder = dirname(resolve(file));
  return {
    witness: resolveWitness(content, (path) => resolve(folder, path)),
    logs: content.telemetry?.logs ?? { format: 'auto', level: 'info' },
  };
}
