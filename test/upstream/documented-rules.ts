import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Rule } from '#test/support/control-plane/objects.ts';
import { repository } from '#test/support/home.ts';

/** What a role of docs/kubernetes.md lets its holder do. */
export function documentedRules(name: string): readonly Rule[] {
  const text = readFileSync(join(repository, 'docs/kubernetes.md'), 'utf8');
  const [, yaml = ''] = new RegExp(`\`\`\`yaml\n([^\`]*name: ${name},[^\`]*)\`\`\``).exec(text) ?? [];
  const role: { readonly rules: readonly Rule[] } | null = parse(yaml);
  if (role === null) throw new Error(`docs/kubernetes.md has no role ${name}`);
  return role.rules;
}
