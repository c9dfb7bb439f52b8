/** Fails when an installed dependency's licence is not one that Apache-2.0 software may ship with. */
import { readFileSync } from 'node:fs';

const allowed = new Set([
  'MIT',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'Python-2.0',
  'MPL-2.0',
  'MIT OR Apache-2.0',
  'Apache-2.0 AND MIT',
  '(MIT OR CC0-1.0)',
  '(BSD-2-Clause OR MIT OR Apache-2.0)',
  'Unlicense',
]);
/** `node` is the runtime's own package; its licence field is its project's MIT licence under another spelling. */
interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly license?: string; readonly optional?: boolean; readonly dev?: boolean }>
  >;
}
/** Of packages that say it in a file, and not in their manifest. */
const readOnce: Readonly<Record<string, string>> = { 'node_modules/png-js': 'MIT' };
const lock: Lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const bad = Object.entries(lock.packages)
  .filter(([path]) => path !== '')
  .map(([path, found]) => [path, { license: readOnce[path], ...found }] as const)
  .filter(
    ([, { license, dev }]) => license === undefined || !allowed.has(license) || (license === 'MPL-2.0' && dev !== true),
  )
  .map(([path, { license }]) => `${path}: ${license ?? 'no licence stated'}`);
if (bad.length > 0) {
  console.error(`not on the list of scripts/licences.ts:\n  ${bad.join('\n  ')}`);
  process.exit(1);
}
