import { existsSync } from 'node:fs';
import { readFiles, type TextFile } from '#document/files.ts';
import { Failure } from '../failure.ts';
import type { Home } from '../home.ts';

/** The policies that were named, else those of the home. Throws Failure `usage`, or DocumentError. */
export function policySources(named: readonly string[], home: Home): TextFile[] {
  if (named.length > 0) return readFiles(named);
  if (existsSync(home.policies)) return readFiles([home.policies]);
  throw new Failure('usage', `name the policy files: there is no folder ${home.policies}`);
}
