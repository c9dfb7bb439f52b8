import { beforeAll, expect, it } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { at, type TestClient } from '#test/support/control-plane/client.ts';
import type { ControlPlane } from '#test/support/control-plane/control-plane.ts';
import {
  createNamespace,
  createNode,
  createPod,
  createServiceAccount,
  deletePod,
  type Node,
  requestToken,
  type ServiceAccount,
  setPodStatus,
} from '#test/support/control-plane/objects.ts';
import { sharedControlPlane } from '#test/support/control-plane/shared.ts';

const patient = { timeout: 10_000 };

/** A node's part, played by writes under its name: there is no kubelet. */
describeWith(['control-plane'], 'nodes and pods of a real API server', () => {
  let cluster: ControlPlane;
  let account: ServiceAccount;
  let node: Node;
  let kubelet: TestClient;

  beforeAll(async () => {
    cluster = await sharedControlPlane();
    account = await createServiceAccount(cluster.admin, await createNamespace(cluster.admin));
    node = await createNode(cluster.admin);
    kubelet = cluster.admin.as(`system:node:${node.name}`, ['system:nodes']);
  });
  const path = (name: string) => `/api/v1/namespaces/${account.namespace}/pods/${name}`;

  it('a node gets tokens that its own pods mount: of no other audience, no other node’s pod and no pod at all', async () => {
    const audiences = ['istio-ca'];
    const mine = await createPod(cluster.admin, account, { node: node.name, audiences });
    const other = await createPod(cluster.admin, account, { node: 'elsewhere', audiences });
    // The authorizer learns of the pod from a watch of its own.
    await expect
      .poll(() => requestToken(kubelet, account, { pod: mine, audiences }).catch(String), patient)
      .toMatch(/^ey/);
    await expect(requestToken(kubelet, account, { pod: mine, audiences: ['vault'] })).rejects.toThrow(/403/);
    await expect(requestToken(kubelet, account, { pod: other, audiences })).rejects.toThrow(/403/);
    await expect(requestToken(kubelet, account, { audiences })).rejects.toThrow(/403/);
  });

  it('a pod has the phase and the address that are written for it', async () => {
    const pod = await createPod(cluster.admin, account, { node: node.name, phase: 'Running', ip: '10.9.8.7' });
    expect(at(await cluster.admin.get(path(pod.name)), 'status')).toMatchObject({
      phase: 'Running',
      podIP: '10.9.8.7',
    });
    await setPodStatus(cluster.admin, pod, { phase: 'Succeeded' });
    expect(at(await cluster.admin.get(path(pod.name)), 'status', 'phase')).toBe('Succeeded');
  });

  it('a pod that is deleted with a period of grace stays, terminating, until it is deleted without one', async () => {
    const pod = await createPod(cluster.admin, account, { node: node.name });
    await deletePod(cluster.admin, pod, 600);
    expect(at(await cluster.admin.get(path(pod.name)), 'metadata', 'deletionTimestamp')).toBeTypeOf('string');
    await deletePod(cluster.admin, pod);
    expect((await cluster.admin.ask('GET', path(pod.name))).status).toBe(404);
  });

  it('serves ClusterTrustBundles and PodCertificateRequests, which are beta', async () => {
    const resources = at(await cluster.admin.get('/apis/certificates.k8s.io/v1beta1'), 'resources');
    const names = Array.isArray(resources) ? resources.map((each) => at(each, 'name')) : [];
    expect(names).toEqual(expect.arrayContaining(['clustertrustbundles', 'podcertificaterequests']));
  });
});
