import { beforeEach, describe, expect, it } from 'vitest';
import type { OutsideOrder } from '#issuance/ports.ts';
import { ApiError, type ApiRequest, type KubernetesApi, type KubernetesObject } from '#kubernetes/api.ts';
import { FakePace, until } from '#test/kubernetes/fake-pace.ts';
import { CertificateRequests } from '#upstream/certificate-requests.ts';

const issuer = { name: 'istio-ca', kind: 'Issuer', group: 'cert-manager.io' };
const order: OutsideOrder = { csr: 'PEM', seconds: 3600, purpose: 'workload', label: 'spiffe://td/a' };
const nobody = new AbortController().signal;
const certificate = { certificate: Buffer.from('CHAIN').toString('base64') };

/** An API server in the hands of the test: what it stores, what it answers, and a watch that tells only when told to. */
class Hands implements KubernetesApi {
  readonly objects = new Map<string, KubernetesObject>();
  readonly calls: string[] = [];
  fault: ((request: ApiRequest) => Promise<KubernetesObject> | undefined) | undefined;

  async ask(request: ApiRequest): Promise<KubernetesObject> {
    const name = request.path.split('/').at(-1) ?? '';
    this.calls.push(request.method);
    const fault = this.fault?.(request);
    if (fault !== undefined) return fault;
    if (request.method === 'POST') return this.#store(request.body ?? {});
    const object = this.objects.get(name);
    if (request.query?.labelSelector !== undefined) return { metadata: { resourceVersion: '1' }, items: [] };
    if (object === undefined) throw new ApiError('no such object', { status: 404 });
    if (request.method === 'DELETE') this.objects.delete(name);
    return object;
  }

  #store(body: KubernetesObject): KubernetesObject {
    const name = `istio-csr-${this.objects.size}`;
    const object = { ...body, metadata: { ...Object(body.metadata), name, uid: `uid-${name}`, resourceVersion: '1' } };
    this.objects.set(name, object);
    return object;
  }

  /** Says nothing, as one whose connection is dead. */
  async *lines({ signal }: ApiRequest): AsyncGenerator<KubernetesObject> {
    await new Promise((resolve) => signal?.addEventListener('abort', resolve, { once: true }));
    yield* [];
    throw new ApiError('aborted', { status: 0 });
  }

  async close(): Promise<void> {}

  async sign(): Promise<void> {
    await until(() => this.objects.size > 0);
    for (const [name, object] of this.objects) this.objects.set(name, { ...object, status: certificate });
  }
}

describe('CertificateRequests at an API server that does not do as it should', () => {
  let api: Hands;
  let pace: FakePace;
  let requests: CertificateRequests;
  const troubles: string[] = [];

  beforeEach(() => {
    api = new Hands();
    pace = new FakePace();
    troubles.length = 0;
    requests = new CertificateRequests({
      api,
      namespace: 'istio-system',
      issuer: () => issuer,
      annotations: {},
      preserve: false,
      timeoutMs: 30_000,
      maxInFlight: 10,
      requester: 'test',
      pace,
      onTrouble: (reason) => troubles.push(reason),
    });
    requests.start();
  });

  it('a watch that is dead holds up nobody for long: the object is looked at, and less and less often', async () => {
    const asking = requests.request(order, nobody);
    await pace.pass(2_000);
    await until(() => api.calls.includes('GET'));
    await api.sign();
    await pace.pass(4_000);
    expect(await asking).toMatchObject({ chain: 'CHAIN', trail: { name: 'istio-csr-0', uid: 'uid-istio-csr-0' } });
    await until(() => api.objects.size === 0);
  });

  it('a deletion that fails is tried again until it is done', async () => {
    let faults = 3;
    api.fault = ({ method }) => {
      if (method !== 'DELETE' || faults === 0) return undefined;
      faults -= 1;
      return Promise.reject(new ApiError('busy', { status: 503 }));
    };
    const asking = requests.request(order, nobody);
    await api.sign();
    await pace.pass(2_000);
    await asking;
    for (const ms of [200, 400, 800]) await pace.pass(ms);
    await until(() => api.objects.size === 0);
    expect(troubles.filter((reason) => reason.includes('is not deleted'))).toHaveLength(3);
  });

  it('an API server that hangs ends with the time of the order, and is told so', async () => {
    api.fault = ({ method, signal }) =>
      method === 'POST'
        ? new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted'))))
        : undefined;
    const asking = requests.request(order, nobody);
    await pace.pass(30_000);
    await expect(asking).rejects.toMatchObject({ code: 'issuer.unavailable' });
    expect(requests.inFlight).toBe(0);
  });

  it('one that is down is told at once', async () => {
    api.fault = ({ method }) =>
      method === 'POST' ? Promise.reject(new ApiError('refused', { status: 0 })) : undefined;
    await expect(requests.request(order, nobody)).rejects.toMatchObject({
      code: 'issuer.unavailable',
      message: expect.stringContaining('refused'),
    });
  });

  it.each([
    ['a webhook that denies', 403, 'admission webhook "x" denied the request: no', 'issuer.denied'],
    ['a policy that denies', 403, 'ValidatingAdmissionPolicy x denied request', 'issuer.denied'],
    ['a missing right', 403, 'user cannot create resource', 'issuer.unavailable'],
    ['an object that is not valid', 422, 'spec.usages: unsupported', 'issuer.denied'],
    ['a kind that is not there', 404, 'the server could not find the requested resource', 'issuer.unavailable'],
    ['too many requests', 429, 'slow down', 'issuer.unavailable'],
  ])('%s', async (_, status, message, code) => {
    api.fault = ({ method }) => (method === 'POST' ? Promise.reject(new ApiError(message, { status })) : undefined);
    await expect(requests.request(order, nobody)).rejects.toMatchObject({ code });
  });

  it('a stop ends what is open, deletes what it can, and waits for no API server', async () => {
    const asking = requests.request(order, nobody);
    asking.catch(() => {});
    await until(() => api.objects.size > 0);
    api.fault = () => Promise.reject(new ApiError('gone', { status: 0 }));
    const stopping = requests.stop();
    await expect(asking).rejects.toMatchObject({ code: 'draining' });
    await pace.pass(2_000);
    await stopping;
  });
});
