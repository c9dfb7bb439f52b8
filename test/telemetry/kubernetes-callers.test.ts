import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { KubernetesCallerMetrics } from '#telemetry/kubernetes-callers.ts';

it('what Kubernetes callers cost is counted cluster by cluster, and says how fresh each view is', async () => {
  const registry = new Registry();
  const metrics = new KubernetesCallerMetrics(registry);
  const [home, west] = [metrics.observer('home'), metrics.observer('west')];
  home.reviewed('stale-view', 'proven');
  home.reviewed('stale-view', 'proven');
  west.reviewed('mode', 'unavailable');
  home.gotLive('pods', 'gone');
  west.readKeys('read');
  home.servedStale();
  let silent = 1500;
  metrics.watchSilence('home', () => silent);
  metrics.watchSilence('west', () => Number.POSITIVE_INFINITY);
  const lines = async () => (await registry.metrics()).split('\n').filter((line) => /^\w/.test(line));
  expect(await lines()).toEqual([
    'countersign_kubernetes_token_reviews_total{cluster="home",why="stale-view",outcome="proven"} 2',
    'countersign_kubernetes_token_reviews_total{cluster="west",why="mode",outcome="unavailable"} 1',
    'countersign_kubernetes_live_gets_total{cluster="home",kind="pods",outcome="gone"} 1',
    'countersign_kubernetes_key_reads_total{cluster="west",outcome="read"} 1',
    'countersign_kubernetes_served_stale_total{cluster="home"} 1',
    'countersign_kubernetes_view_silence_seconds{cluster="home"} 1.5',
    'countersign_kubernetes_view_silence_seconds{cluster="west"} +Inf',
  ]);
  silent = 3000;
  expect(await lines()).toContain('countersign_kubernetes_view_silence_seconds{cluster="home"} 3');
});
