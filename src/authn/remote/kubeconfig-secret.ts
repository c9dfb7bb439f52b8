import { hash } from 'node:crypto';
import type { KubernetesObject } from '#kubernetes/api.ts';
import type { Cluster as ApiServer } from '#kubernetes/cluster.ts';
import { readKubeconfig } from '#kubernetes/kubeconfig.ts';

/** How the Secrets of remote clusters are labelled in Istio (contract istio-ca.md §2.4). */
export const remoteSecretSelector = 'istio/multiCluster=true';

/** Octets of one kubeconfig; one with its own CA and client certificate has about ten thousand. */
const maxKubeconfigLength = 64 * 1024;
/** In the order of their names; those after them are refused. */
const maxKeys = 64;
const longestProblem = 512;

/** One kubeconfig of a Secret. Holds credentials: never logged. */
export interface RemoteKubeconfig {
  /** The same as long as the text is. */
  readonly digest: string;
  /** A cluster, or why it is none: names the field, and shows nothing of the text. */
  readonly is: { readonly apiServer: ApiServer } | { readonly problem: string };
}

export interface KubeconfigSecret {
  /** `namespace/name`. */
  readonly name: string;
  /** As the API server wrote it, RFC 3339 in UTC. */
  readonly createdAt: string;
  /** Cluster id → its kubeconfig. */
  readonly kubeconfigs: ReadonlyMap<string, RemoteKubeconfig>;
}

/** `allowed`: paths that a kubeconfig may name all the same, see `KubeconfigOptions`. Throws Error for what is no Secret of that kind. */
export function readKubeconfigSecret(object: KubernetesObject, allowed: readonly string[]): KubeconfigSecret {
  const { namespace, name, creationTimestamp } = Object(object.metadata);
  if (typeof namespace !== 'string' || typeof name !== 'string') throw new Error('a Secret without namespace and name');
  const data: KubernetesObject = Object(object.data);
  const ids = Object.keys(data).toSorted();
  const secret = `${namespace}/${name}`;
  const kubeconfigs = new Map<string, RemoteKubeconfig>(
    ids.slice(0, maxKeys).map((id) => [id, kubeconfigOf(data[id], `${secret}[${id}]`, allowed)]),
  );
  const [next] = ids.slice(maxKeys);
  if (next !== undefined) {
    const problem = `this and ${ids.length - maxKeys - 1} more are too many: a Secret may name ${maxKeys} clusters`;
    kubeconfigs.set(next, { digest: '', is: { problem } });
  }
  return { name: secret, createdAt: typeof creationTimestamp === 'string' ? creationTimestamp : '', kubeconfigs };
}

function kubeconfigOf(value: unknown, file: string, allowed: readonly string[]): RemoteKubeconfig {
  const encoded = typeof value === 'string' ? value : '';
  const digest = hash('sha256', encoded);
  if (encoded.length > (maxKubeconfigLength * 4) / 3 + 4) {
    return { digest, is: { problem: `${file}: a kubeconfig is larger than ${maxKubeconfigLength / 1024} KiB` } };
  }
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  try {
    // there is no folder that a path of somebody else could count from
    const options = { file, folder: '/', hardened: true, insecureOptions: allowed };
    return { digest, is: { apiServer: readKubeconfig(text, options) } };
  } catch (thrown) {
    const problem = thrown instanceof Error ? thrown.message : 'it cannot be read';
    return { digest, is: { problem: problem.slice(0, longestProblem) } };
  }
}
