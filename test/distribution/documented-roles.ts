import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { type Access, at, type TestClient } from '#test/support/control-plane/client.ts';
import { createServiceAccount, grant, type Rule, requestToken } from '#test/support/control-plane/objects.ts';
import { repository } from '#test/support/home.ts';

interface Role {
  readonly kind: 'Role' | 'ClusterRole';
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules: readonly Rule[];
}

/** What a document tells people to make, of one kind or several. */
export function documented(document: string, ...kinds: readonly string[]): unknown[] {
  const text = readFileSync(join(repository, document), 'utf8');
  const objects = [...text.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml = '']): unknown => parse(yaml));
  return objects.filter((object) => kinds.includes(String(at(object, 'kind'))));
}

const isRole = (object: unknown): object is Role => /Role$/.test(String(at(object, 'kind')));

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
  document = 'docs/kubernetes.md',
): Promise<Access> {
  const account = await createServiceAccount(admin, namespace);
  for (const { kind, metadata, rules } of documented(document, 'Role', 'ClusterRole').filter(isRole)) {
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
