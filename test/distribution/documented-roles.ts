import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Access, TestClient } from '#test/support/control-plane/client.ts';
import { createServiceAccount, grant, type Rule, requestToken } from '#test/support/control-plane/objects.ts';
import { repository } from '#test/support/home.ts';

interface Role {
  readonly kind: 'Role' | 'ClusterRole';
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules: readonly Rule[];
}

/** The roles that docs/kubernetes.md tells people to make. */
function documentedRoles(): Role[] {
  const text = readFileSync(join(repository, 'docs/kubernetes.md'), 'utf8');
  return [...text.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml = '']): Role => parse(yaml));
}

export interface Renamed {
  /** Instead of istio-system. */
  readonly namespace: string;
  /** Other names of objects, where tests share a cluster. */
  readonly names?: Readonly<Record<string, string>>;
}

/** As a service account that may do what the document says, save the roles in `without`. */
export async function documentedAccess(
  admin: TestClient,
  { namespace, names = {} }: Renamed,
  without: readonly string[] = [],
): Promise<Access> {
  const account = await createServiceAccount(admin, namespace);
  for (const { kind, metadata, rules } of documentedRoles()) {
    if (without.includes(metadata.name)) continue;
    const renamed = rules.map((rule) =>
      rule.resourceNames === undefined
        ? rule
        : { ...rule, resourceNames: rule.resourceNames.map((name) => names[name] ?? name) },
    );
    await grant(admin, account, renamed, kind === 'Role' ? namespace : undefined);
  }
  return { ...admin.access, token: await requestToken(admin, account) };
}
