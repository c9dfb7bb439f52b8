import { resolve } from 'node:path';
import { openSource } from '#document/source.ts';
import { type Cluster, checkServer, type Text } from './cluster.ts';
import { refuseUnsafe } from './kubeconfig-hardening.ts';
import { Node } from './kubeconfig-node.ts';

export interface KubeconfigOptions {
  /** The name of the file in messages. */
  readonly file: string;
  /** Where relative paths in it begin. */
  readonly folder: string;
  /** From somebody else, such as the Secret of a remote cluster: refuses what would read our files or run commands. */
  readonly hardened?: boolean;
  /** What is let through all the same, by the names that istiod takes: `clientKey`, `clientCertificate`, `tokenFile`, ... */
  readonly insecureOptions?: readonly string[];
  /** Instead of `current-context`. */
  readonly context?: string;
}

/** The cluster of the current context. Throws DocumentError that names the field, and never shows a value. */
export function readKubeconfig(text: string, options: KubeconfigOptions): Cluster {
  const root = Node.root(openSource(text, options.file));
  if (options.hardened === true) refuseUnsafe(root, new Set(options.insecureOptions));
  const context = root.named('contexts', options.context ?? root.need('current-context')).child('context');
  const cluster = root.named('clusters', context.need('cluster')).child('cluster');
  const userName = context.text('user');
  const user = userName === undefined ? undefined : root.named('users', userName).child('user');
  const file = (path: string): Text => ({ file: resolve(options.folder, path) });
  return { ...serverOf(cluster, file), ...(user !== undefined && identityOf(user, file)) };
}

type FileText = (path: string) => Text;

function serverOf(cluster: Node, file: FileText): Pick<Cluster, 'server' | 'tlsServerName' | 'ca'> {
  if (cluster.flag('insecure-skip-tls-verify')) {
    cluster.at('insecure-skip-tls-verify').fail('not supported: give certificate-authority-data');
  }
  if (cluster.text('proxy-url') !== undefined) cluster.at('proxy-url').fail('not supported');
  const tlsServerName = cluster.text('tls-server-name');
  const ca = dataOrFile(cluster, 'certificate-authority', file);
  return {
    server: checkedServer(cluster),
    ...(tlsServerName !== undefined && { tlsServerName }),
    ...(ca !== undefined && { ca }),
  };
}

function checkedServer(cluster: Node): string {
  const server = cluster.need('server');
  try {
    return checkServer(server);
  } catch (thrown) {
    return cluster.at('server').fail(thrown instanceof Error ? thrown.message : String(thrown));
  }
}

function identityOf(user: Node, file: FileText): Pick<Cluster, 'certificate' | 'key' | 'token'> {
  for (const field of ['exec', 'username', 'password', 'as', 'as-uid', 'as-groups', 'as-user-extra']) {
    if (user.has(field)) user.at(field).fail('not supported: use a token or a client certificate');
  }
  const certificate = dataOrFile(user, 'client-certificate', file);
  const key = dataOrFile(user, 'client-key', file);
  if (certificate !== undefined && key === undefined)
    user.fail('client-key-data is missing beside the client certificate');
  if (key !== undefined && certificate === undefined)
    user.fail('client-certificate-data is missing beside the client key');
  const token = tokenOf(user, file);
  return {
    ...(certificate !== undefined && { certificate }),
    ...(key !== undefined && { key }),
    ...(token !== undefined && { token }),
  };
}

/** As client-go: a file wins over the text beside it. Of the oidc provider its token is used as it stands, and never refreshed. */
function tokenOf(user: Node, file: FileText): Text | undefined {
  const path = user.text('tokenFile');
  if (path !== undefined) return file(path);
  const inline = user.text('token');
  if (inline !== undefined) return { inline };
  if (!user.has('auth-provider')) return undefined;
  const provider = user.child('auth-provider');
  if (provider.text('name') !== 'oidc') provider.fail('not supported: use a token or a client certificate');
  return { inline: provider.child('config').need('id-token') };
}

/** `field-data` in base64, which wins, or the path in `field`. */
function dataOrFile(node: Node, field: string, file: FileText): Text | undefined {
  const data = node.text(`${field}-data`);
  if (data !== undefined) {
    const pem = Buffer.from(data, 'base64').toString('latin1');
    if (!pem.includes('-----BEGIN ')) node.at(`${field}-data`).fail('must be the base64 of PEM');
    return { inline: pem };
  }
  const path = node.text(field);
  return path === undefined ? undefined : file(path);
}
