import { beforeEach, describe, expect, it } from 'vitest';
import { Clusters } from '#authn/kubernetes/clusters.ts';
import { KubernetesAuthenticator } from '#authn/kubernetes/kubernetes-authenticator.ts';
import { parseTrustDomain } from '#spiffe/spiffe-id.ts';
import { makeKey, StoppedClock } from '#test/authn/oidc/issuer.ts';
import { answerOf, modes, proverOf } from './provers.ts';
import { ScriptedCluster } from './scripted-cluster.ts';

const ownKey = makeKey('own', 'ES256');
const remoteKey = makeKey('remote', 'ES256');

describe.each(modes)('clusters, mode %s', (mode) => {
  let own: ScriptedCluster;
  let remote: ScriptedCluster;
  let clusters: Clusters;
  let authenticator: KubernetesAuthenticator;
  beforeEach(async () => {
    const clock = new StoppedClock();
    own = new ScriptedCluster(clock, ownKey);
    remote = new ScriptedCluster(clock, remoteKey);
    const aliases = new Map([
      ['home', 'Kubernetes'],
      ['west', 'cluster-2'],
      ['nowhere', 'cluster-9'],
    ]);
    clusters = new Clusters({ id: 'Kubernetes', prover: await proverOf(own, mode) }, aliases);
    clusters.add({ id: 'cluster-2', prover: await proverOf(remote, mode) });
    authenticator = new KubernetesAuthenticator({ clusters, trustDomain: parseTrustDomain('cluster.local') });
    own.requests.length = remote.requests.length = 0;
  });
  const ask = (cluster: ScriptedCluster, ...clusterId: string[]) =>
    answerOf(authenticator, cluster.token(), { clusterId });

  it.each([[[]], [['']], [['Kubernetes']], [['home']], [['cluster-2', 'cluster-2']], [['x', 'Kubernetes']]])(
    'Istio 37: clusterid %j is the local cluster',
    async (values) => {
      expect(await ask(own, ...values)).toMatchObject({ cluster: 'Kubernetes' });
      expect(remote.requests).toEqual([]);
    },
  );

  it.each(['cluster-3', 'kubernetes', 'nowhere', 'cluster-2 ', '__proto__'])(
    'Istio 38: clusterid %j is not known: refused, and no API server is asked',
    async (id) => {
      expect(await ask(own, id)).toMatch(/^authn\.failed: .*is not known; known: Kubernetes, cluster-2$/);
      expect([own.requests, remote.requests]).toEqual([[], []]);
    },
  );

  it.each(['cluster-2', 'west'])('Istio 39: clusterid %j is a remote cluster: only it is asked', async (id) => {
    expect(await ask(remote, id)).toMatchObject({ cluster: 'cluster-2', serviceAccount: 'web' });
    expect(own.requests).toEqual([]);
    expect(await ask(own, id)).toMatch(/^authn\.failed: /);
    expect(own.requests).toEqual([]);
  });

  it('comes and goes while we run; an id is one cluster at a time', async () => {
    expect(() => clusters.add({ id: 'Kubernetes', prover: authenticatorless })).toThrow(/already/);
    expect(() => clusters.add({ id: 'cluster-2', prover: authenticatorless })).toThrow(/already/);
    expect(clusters.remove('cluster-2')).toBe(true);
    expect(clusters.remove('cluster-2')).toBe(false);
    expect(await ask(remote, 'cluster-2')).toMatch(/^authn\.failed: /);
    clusters.add({ id: 'cluster-2', prover: await proverOf(remote, mode) });
    expect(await ask(remote, 'cluster-2')).toMatchObject({ cluster: 'cluster-2' });
  });

  it('that hangs slows no other', async () => {
    const gate = Promise.withResolvers<never>();
    remote.fault = () => gate.promise;
    for (const view of Object.values(remote.views)) view.synced = false;
    const hanging = Array.from({ length: 100 }, () => ask(remote, 'cluster-2'));
    expect(await ask(own)).toMatchObject({ cluster: 'Kubernetes' });
    gate.reject(new Error('the test is over'));
    await Promise.all(hanging);
  });
});

const authenticatorless = { prove: () => Promise.reject(new Error('not asked')) };
