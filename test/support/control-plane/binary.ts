import { join } from 'node:path';
import { oracle } from '#test/oracles.ts';

/** Path of a program of the control plane; throws with how to get it where it is missing. */
export function binary(name: 'etcd' | 'kube-apiserver' | 'kubectl'): string {
  const found = oracle('control-plane');
  if (!found.available) throw new Error(`there is no control plane: ${found.how}`);
  return join(found.path, name);
}
