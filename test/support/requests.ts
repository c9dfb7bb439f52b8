import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { generateWorkloadKey, type WorkloadKeyKind, workloadRequest } from '../../src/cli/issue/workload-key.ts';

export interface WorkloadRequest {
  readonly key: KeyObject;
  readonly keyPem: string;
  /** PEM PKCS#10. */
  readonly csr: string;
}

export const web = 'spiffe://cluster.local/ns/demo/sa/web';

/** A new key and the request that an agent would make with it. */
export async function newRequest(kind: WorkloadKeyKind = 'ec:P-256', identity = web): Promise<WorkloadRequest> {
  return requestWith(await generateWorkloadKey(kind), kind, identity);
}

/** The same at once, for P-256. */
export function p256Request(identity = web): WorkloadRequest {
  return requestWith(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, 'ec:P-256', identity);
}

export function requestWith(key: KeyObject | string, kind: WorkloadKeyKind, identity = web): WorkloadRequest {
  const own = typeof key === 'string' ? createPrivateKey(key) : key;
  return {
    key: own,
    keyPem: own.export({ type: 'pkcs8', format: 'pem' }).toString(),
    csr: workloadRequest(own, kind, identity),
  };
}
