import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { KubeconfigFile } from '#config/sections/kubeconfig.ts';
import type { Cluster } from '#kubernetes/cluster.ts';
import { inCluster } from '#kubernetes/in-cluster.ts';
import { readKubeconfig } from '#kubernetes/kubeconfig.ts';

/** Where an API server is and who we are there: by a kubeconfig, else by the service account of our own pod. Throws. */
export function apiServer(kubeconfig: KubeconfigFile | undefined): Cluster {
  if (kubeconfig === undefined) return inCluster(process.env);
  const { path, context } = kubeconfig;
  return readKubeconfig(readFileSync(path, 'utf8'), {
    file: path,
    folder: dirname(path),
    ...(context !== undefined && { context }),
  });
}
