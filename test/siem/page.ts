import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '#test/oracles.ts';

/** Fenced blocks of a page of docs/siem, by what stands behind the fence. */
export function blocksIn(page: string, language: string): string[] {
  const text = readFileSync(join(repository, 'docs', 'siem', `${page}.md`), 'utf8');
  const fence = '`'.repeat(3);
  return [...text.matchAll(new RegExp(`^${fence}${language}\\n([\\s\\S]*?)^${fence}$`, 'gm'))].map(
    ([, block = '']) => block,
  );
}
