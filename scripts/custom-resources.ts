/**
 * Writes the definitions of our kinds, a file each, for the chart or into another folder:
 *
 *     node scripts/custom-resources.ts [FOLDER]
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { customResourceDefinition } from '#doors/kubernetes/custom-resource.ts';
import { issuerKinds } from '#doors/kubernetes/issuer-resource.ts';

const [folder = join(import.meta.dirname, '../charts/countersign/files/crds')] = process.argv.slice(2);
const origin = '# Generated from src/doors/kubernetes/issuer-resource.ts by scripts/custom-resources.ts.';

mkdirSync(folder, { recursive: true });
for (const kind of issuerKinds) {
  const text = stringify(customResourceDefinition(kind), { lineWidth: 0, aliasDuplicateObjects: false });
  writeFileSync(join(folder, `${kind.plural}.yaml`), `${origin}\n${text}`);
}
