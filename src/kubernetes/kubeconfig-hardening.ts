import type { Node } from './kubeconfig-node.ts';

/**
 * What istiod refuses in the kubeconfig of a remote cluster, for every user in it and not the current one alone:
 * auth providers other than oidc, and `client-key`, `client-certificate`, `tokenFile` and `exec` as paths or commands,
 * each unless it is among `allowed` (PILOT_INSECURE_MULTICLUSTER_KUBECONFIG_OPTIONS); and, which istiod lets through,
 * `certificate-authority` as a path (`certificateAuthority`). Throws DocumentError.
 */
export function refuseUnsafe(root: Node, allowed: ReadonlySet<string>): void {
  for (const entry of root.list('clusters')) {
    const cluster = entry.child('cluster');
    if (!cluster.has('certificate-authority') || allowed.has('certificateAuthority')) continue;
    cluster.at('certificate-authority').fail(`${notAllowed}: use certificate-authority-data`);
  }
  for (const entry of root.list('users')) {
    const user = entry.child('user');
    for (const [field, option] of pathsAndCommands) {
      if (!user.has(field) || allowed.has(option)) continue;
      user.at(field).fail(`${notAllowed}: ${instead[option]}`);
    }
    if (!user.has('auth-provider')) continue;
    const name = user.child('auth-provider').text('name') ?? '';
    if (name !== 'oidc' && !allowed.has(name)) {
      user.at('auth-provider').fail(`${notAllowed}: use a token, client-certificate-data or oidc`);
    }
  }
}

const notAllowed = "not allowed in a remote cluster's kubeconfig";

const pathsAndCommands = [
  ['client-key', 'clientKey'],
  ['client-certificate', 'clientCertificate'],
  ['tokenFile', 'tokenFile'],
  ['exec', 'exec'],
] as const;

const instead = {
  clientKey: 'use client-key-data',
  clientCertificate: 'use client-certificate-data',
  tokenFile: 'use token',
  exec: 'use a token or a client certificate',
} as const;
