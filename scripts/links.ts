/** Every relative link in a document leads to a file of the repository, and every #anchor to one of its headings. */

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const documents = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.md'], { encoding: 'utf8' })
  .trim()
  .split('\n');
const anchorsOf = (file: string) =>
  new Set(
    [...readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
const broken = documents.flatMap((document) =>
  [
    ...readFileSync(document, 'utf8')
      .replaceAll(/```[\s\S]*?```/g, '')
      .matchAll(/\]\(([^)\s]+)\)/g),
  ].flatMap(([, target = '']) => {
    if (/^[a-z]+:/.test(target)) return [];
    const [path = '', anchor] = target.split('#');
    const file = path === '' ? document : normalize(join(dirname(document), path));
    if (!existsSync(file)) return [`${document}: no such file: ${target}`];
    if (anchor !== undefined && file.endsWith('.md') && !anchorsOf(file).has(anchor))
      return [`${document}: no such heading: ${target}`];
    return [];
  }),
);
if (broken.length > 0) {
  console.error(broken.join('\n'));
  process.exit(1);
}
