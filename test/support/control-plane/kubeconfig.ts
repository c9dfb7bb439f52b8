import { stringify } from 'yaml';
import type { Access } from './client.ts';
import type { KeyPair } from './credentials.ts';

export interface KubeconfigOptions {
  /** Of the cluster, the user and the context. */
  readonly name?: string;
  /** Instead of the token. */
  readonly clientCertificate?: KeyPair;
}

/** The text of a kubeconfig file with everything inside it. */
export function kubeconfig(access: Access, options: KubeconfigOptions = {}): string {
  const { name = 'test', clientCertificate } = options;
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const user =
    clientCertificate === undefined
      ? { token: access.token }
      : {
          'client-certificate-data': base64(clientCertificate.certificate),
          'client-key-data': base64(clientCertificate.key),
        };
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: access.url, 'certificate-authority-data': base64(access.ca) } }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  });
}
