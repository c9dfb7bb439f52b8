import { randomUUID } from 'node:crypto';
import { ApiError, type ApiRequest, type KubernetesApi, type KubernetesObject } from '#kubernetes/api.ts';

/** An API server that serves PodCertificateRequests in some versions, as little of one as their door needs. */
export class PodApi implements KubernetesApi {
  served: readonly string[] = ['v1beta1'];
  /** Looked at before every write: what it throws is the answer. */
  fault: () => void = () => {};
  readonly writes: ApiRequest[] = [];
  readonly watched: ApiRequest[] = [];
  readonly #requests: KubernetesObject[] = [];

  /** Before the door looks. Returns its UID. */
  add(stub: string, over: Readonly<Record<string, unknown>> = {}): string {
    const uid = randomUUID();
    const name = `req-${this.#requests.length}`;
    const spec = {
      signerName: 'mesh.example/workload',
      ...{ podName: 'web-1', podUID: 'u-1', serviceAccountName: 'web', serviceAccountUID: 'u-2' },
      ...{ nodeName: 'node-a', nodeUID: 'u-3', maxExpirationSeconds: 86_400, stubPKCS10Request: stub, ...over },
    };
    this.#requests.push({ metadata: { namespace: 'demo', name, uid, resourceVersion: '1' }, spec });
    return uid;
  }

  async ask(request: ApiRequest): Promise<KubernetesObject> {
    const version = /^\/apis\/certificates\.k8s\.io\/([^/]+)$/.exec(request.path)?.[1];
    if (version !== undefined) {
      if (!this.served.includes(version)) throw new ApiError('404 Not Found', { status: 404, reason: 'NotFound' });
      return { resources: [{ name: 'podcertificaterequests' }, { name: 'podcertificaterequests/status' }] };
    }
    if (request.method === 'GET' && request.query?.limit === '1') return { items: [] };
    if (request.method !== 'PATCH') throw new ApiError(`${request.method} is not for this client`, { status: 405 });
    this.fault();
    this.writes.push(request);
    return {};
  }

  async *lines(request: ApiRequest): AsyncGenerator<KubernetesObject> {
    this.watched.push(request);
    for (const object of this.#requests) yield { type: 'ADDED', object };
    const annotations = { 'k8s.io/initial-events-end': 'true' };
    yield { type: 'BOOKMARK', object: { metadata: { resourceVersion: '1', annotations } } };
    await new Promise((resolve) => request.signal?.addEventListener('abort', resolve, { once: true }));
    throw new ApiError('cancelled', { status: 0 });
  }

  async close(): Promise<void> {}
}
