import { vi } from 'vitest';
import { at, type TestClient } from '#test/support/control-plane/client.ts';
import type { Node, Pod, ServiceAccount } from '#test/support/control-plane/objects.ts';
import { isKeyType, podKey, stub } from './stubs.ts';

const collection = (namespace: string) =>
  `/apis/certificates.k8s.io/v1beta1/namespaces/${namespace}/podcertificaterequests`;

export interface Mounting {
  readonly account: ServiceAccount;
  readonly pod: Pod;
  readonly node: Node;
  readonly signerName: string;
}

/** What the API server holds of a request's end. */
export interface PodCertificateStatus {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly chain: string;
  readonly notBefore: string;
  readonly beginRefreshAt: string;
  readonly notAfter: string;
}

/** A PodCertificateRequest as kubelet makes it; `over` lies over its spec. Resolves with its path. */
export async function request(
  client: TestClient,
  { account, pod, node, signerName }: Mounting,
  over: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const object = {
    metadata: { generateName: 'req-' },
    spec: {
      signerName,
      podName: pod.name,
      podUID: pod.uid,
      serviceAccountName: account.name,
      serviceAccountUID: account.uid,
      nodeName: node.name,
      nodeUID: node.uid,
      ...('stubPKCS10Request' in over ? {} : { stubPKCS10Request: await stub() }),
      ...over,
    },
  };
  // NodeRestriction looks into a cache: for a pod that was made just now it may answer 500 for a moment, and kubelet asks again
  const made = await vi.waitUntil(
    async () => {
      const { status, body } = await client.ask('POST', collection(account.namespace), { body: object });
      if (status === 201) return body;
      if (status === 500) return undefined;
      throw new Error(`${status} ${JSON.stringify(body)}`);
    },
    { timeout: 10_000, interval: 50 },
  );
  return `${collection(account.namespace)}/${String(at(made, 'metadata', 'name'))}`;
}

/** As kubelet does: only its own node's pods. */
export const kubelet = (admin: TestClient, { name }: Node): TestClient =>
  admin.as(`system:node:${name}`, ['system:nodes', 'system:authenticated']);

export async function statusAt(client: TestClient, path: string): Promise<PodCertificateStatus | undefined> {
  const { body } = await client.ask('GET', path);
  const type = at(body, 'status', 'conditions', '0', 'type');
  if (typeof type !== 'string') return undefined;
  const text = (...way: string[]) => String(at(body, 'status', ...way) ?? '');
  return {
    type,
    reason: text('conditions', '0', 'reason'),
    message: text('conditions', '0', 'message'),
    chain: text('certificateChain'),
    notBefore: text('notBefore'),
    beginRefreshAt: text('beginRefreshAt'),
    notAfter: text('notAfter'),
  };
}

export function answered(client: TestClient, path: string): Promise<PodCertificateStatus> {
  return vi.waitUntil(() => statusAt(client, path), { timeout: 30_000, interval: 25 });
}

/** What kubelet puts into a volume as `credentialBundlePath`: a new key, and behind it its certificate with the chain. */
export async function credentialBundle(admin: TestClient, mount: Mounting, keyType = 'ECDSAP256'): Promise<string> {
  if (!isKeyType(keyType)) throw new Error(`kubelet makes no keys of ${keyType}`);
  const key = await podKey(keyType);
  const path = await request(kubelet(admin, mount.node), mount, { stubPKCS10Request: key.stub });
  const { type, message, chain } = await answered(admin, path);
  if (type !== 'Issued') throw new Error(`${type}: ${message}`);
  return key.pem + chain;
}
