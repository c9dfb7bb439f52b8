import { existsSync } from 'node:fs';
import { loadConfig } from '#config/load.ts';
import { readFiles, type TextFile } from '#document/files.ts';
import { Failure } from '../failure.ts';
import type { Home } from '../home.ts';

/** The rules that were named, else those of the home's server. Throws Failure `usage`, or DocumentError. */
export function ruleSources(named: readonly string[], home: Home): TextFile[] {
  if (named.length > 0) return readFiles(named);
  const configured = existsSync(home.config) ? loadConfig(home.config).config.detection : undefined;
  if (configured !== undefined) return readFiles(configured.rules);
  throw new Failure('usage', `name the rules: ${home.config} has no section detection`);
}
