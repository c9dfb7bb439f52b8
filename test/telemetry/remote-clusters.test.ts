import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { KubernetesCallerMetrics } from '#telemetry/kubernetes-callers.ts';
import { watchRemoteClusters } from '#telemetry/remote-clusters.ts';

describe('the numbers of remote clusters', () => {
  it('name the clusters that there are, ready or not', async () => {
    const registry = new Registry();
    const ready = new Map([
      ['east', true],
      ['west', false],
    ]);
    watchRemoteClusters(registry, { ready: () => ready, refused: () => 3, silentMs: () => Number.POSITIVE_INFINITY });
    const samples = (text: string) => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    expect(samples(await registry.metrics())).toEqual([
      'countersign_kubernetes_remote_cluster_ready{cluster="east"} 1',
      'countersign_kubernetes_remote_cluster_ready{cluster="west"} 0',
      'countersign_kubernetes_remote_kubeconfigs_refused 3',
      'countersign_kubernetes_remote_secrets_silence_seconds +Inf',
    ]);
    ready.delete('east');
    expect(await registry.metrics()).not.toContain('east');
  });

  it('forget a cluster that is gone, and keep what belongs to another', async () => {
    const registry = new Registry();
    const metrics = new KubernetesCallerMetrics(registry);
    for (const cluster of ['east', 'west']) {
      const observer = metrics.observer(cluster);
      observer.reviewed('mode', 'proven');
      observer.gotLive('pods', 'found');
      observer.readKeys('read');
      observer.servedStale();
    }
    const unwatch = metrics.watchSilence('east', () => 0);
    metrics.watchSilence('west', () => 0);
    unwatch();
    await metrics.forget('east');
    const text = await registry.metrics();
    expect(text).not.toContain('east');
    expect(text.match(/cluster="west"/g)).toHaveLength(5);
  });

  it('go on with the cluster that took the place of another', async () => {
    const registry = new Registry();
    const metrics = new KubernetesCallerMetrics(registry);
    const unwatch = metrics.watchSilence('east', () => 1000);
    metrics.watchSilence('east', () => 2000);
    unwatch();
    expect(await registry.metrics()).toContain('countersign_kubernetes_view_silence_seconds{cluster="east"} 2');
  });
});
