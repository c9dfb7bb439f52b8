import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { FairGate } from '#issuance/fairness/gate.ts';
import { watchFairness } from '#telemetry/fairness.ts';
import { StoppedClock } from '#test/authn/oidc/issuer.ts';
import { webCaller } from '#test/issuance/rig.ts';

it('the numbers of the fair gate are those of this moment', async () => {
  const registry = new Registry();
  const rate = { perSecond: 100, burst: 100 };
  const limits = {
    cluster: rate,
    namespace: rate,
    serviceAccount: rate,
    node: rate,
    inWork: 40,
    keptForRenewals: 0.25,
  };
  const gate = new FairGate(limits, new StoppedClock());
  watchFairness(registry, gate, limits.inWork);
  const samples = async () =>
    (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(await samples()).toEqual([
    'countersign_fairness_places_taken 0',
    'countersign_fairness_places 40',
    'countersign_fairness_known_callers{kind="service-account"} 0',
    'countersign_fairness_known_callers{kind="node"} 0',
  ]);
  const place = gate.enter(webCaller());
  gate.enter(webCaller());
  expect(await samples()).toEqual([
    'countersign_fairness_places_taken 2',
    'countersign_fairness_places 40',
    'countersign_fairness_known_callers{kind="service-account"} 1',
    'countersign_fairness_known_callers{kind="node"} 1',
  ]);
  place.issued({ notBefore: 0, notAfter: 1 });
  expect(await samples()).toContain('countersign_fairness_places_taken 1');
});
