import { join } from 'node:path';
import { type Cluster, checkServer } from './cluster.ts';

/** Where kubelet puts a pod's own service account. */
const serviceAccountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The cluster that this process is a pod of. Throws Error outside of one. */
export function inCluster(
  environment: Readonly<Record<string, string | undefined>>,
  folder: string = serviceAccountFolder,
): Cluster {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '' } = environment;
  if (host === '' || port === '') {
    throw new Error('KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: this is no pod of a cluster');
  }
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  try {
    checkServer(server);
  } catch (cause) {
    throw new Error('KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT do not make an address', { cause });
  }
  return { server, ca: { file: join(folder, 'ca.crt') }, token: { file: join(folder, 'token') } };
}
