import { stringify } from 'yaml';
import type { KubernetesObject } from '#kubernetes/api.ts';

/** PEM, as far as a kubeconfig looks at it. */
export const testCa = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';

/** The text of a kubeconfig; `user` and `cluster` are laid over what is there. */
export function kubeconfigText(user: object = {}, cluster: object = {}): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'c',
        cluster: {
          server: 'https://10.0.0.1:6443',
          'certificate-authority-data': Buffer.from(testCa).toString('base64'),
          ...cluster,
        },
      },
    ],
    users: [{ name: 'u', user: { token: 'the-token', ...user } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  });
}

/** A Secret as the API server sends it. `created`: seconds of some hour. */
export function secretObject(
  name: string,
  kubeconfigs: Readonly<Record<string, string>>,
  created = 0,
): KubernetesObject {
  const data = Object.entries(kubeconfigs).map(([id, text]) => [id, Buffer.from(text).toString('base64')]);
  const creationTimestamp = new Date(Date.parse('2026-11-21T15:00:00Z') + created * 1000).toISOString();
  return {
    kind: 'Secret',
    metadata: { namespace: 'istio-system', name, creationTimestamp, resourceVersion: '1' },
    data: Object.fromEntries(data),
  };
}
