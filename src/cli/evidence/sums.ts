import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../failure.ts';
import { sha256Of } from '../sha256-of.ts';
import { packFiles } from './pack-files.ts';

/** Every file of a pack but the sums themselves, in order. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((each) => !each.isDirectory())
    .map(({ parentPath, name }) => join(parentPath, name).slice(join(folder, '/').length))
    .filter((file) => file !== packFiles.sums)
    .sort();
}

/** As `sha256sum` writes it. */
export async function sumsOf(folder: string): Promise<string> {
  const lines: string[] = [];
  for (const file of filesIn(folder)) lines.push(`${await sha256Of(join(folder, file))}  ${file}\n`);
  return lines.join('');
}

/** Throws Failure `no`, which names the first file that is not as it was. */
export async function demandSums(folder: string): Promise<void> {
  const said = new Map(
    readFileSync(join(folder, packFiles.sums), 'utf8')
      .split('\n')
      .flatMap((line): [string, string][] => {
        const [, sum, file] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? [];
        return sum === undefined || file === undefined ? [] : [[file, sum]];
      }),
  );
  for (const file of filesIn(folder)) {
    const sum = said.get(file);
    if (sum === undefined) throw new Failure('no', `${file}: is no part of the pack`);
    if (sum !== (await sha256Of(join(folder, file)))) throw new Failure('no', `${file}: was altered`);
    said.delete(file);
  }
  for (const file of said.keys()) throw new Failure('no', `${file}: is missing`);
}
