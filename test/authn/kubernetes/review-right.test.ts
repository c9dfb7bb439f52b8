import { beforeEach, expect, it } from 'vitest';
import { ReviewRight } from '#authn/kubernetes/review-right.ts';
import { ApiError } from '#kubernetes/api.ts';
import { StoppedClock } from '#test/authn/oidc/issuer.ts';
import { FakePace } from '#test/kubernetes/fake-pace.ts';
import { ScriptedCluster } from './scripted-cluster.ts';

const forbidden = () => Promise.reject(new ApiError('403 Forbidden: cannot create resource', { status: 403 }));

let cluster: ScriptedCluster;
let pace: FakePace;
let turns: (string | undefined)[];
let right: ReviewRight;
beforeEach(() => {
  cluster = new ScriptedCluster(new StoppedClock());
  pace = new FakePace();
  turns = [];
  const rules = { audiences: ['istio-ca'], unbound: 'refuse' } as const;
  right = new ReviewRight({
    api: cluster,
    rules,
    pace,
    timeoutMs: 1000,
    onTurn: (missing) => void turns.push(missing),
  });
});
const later = async () => {
  pace.advance(10_000);
  await right.look();
};

it('the right to review tokens is asked for once where it is there', async () => {
  await right.look();
  for (let n = 0; n < 5; n++) await later();
  expect(cluster.asked('tokenreviews')).toBe(1);
  expect([right.missing, turns]).toEqual([undefined, []]);
});

it('one that is missing is told once, by its verb and resource, until it has come', async () => {
  cluster.fault = forbidden;
  for (let n = 0; n < 3; n++) await later();
  const words = expect.stringMatching(/create tokenreviews\.authentication\.k8s\.io is missing: .*403 Forbidden/);
  expect([right.missing, turns]).toEqual([words, [words]]);
  cluster.fault = undefined;
  for (let n = 0; n < 3; n++) await later();
  expect([right.missing, turns]).toEqual([undefined, [words, undefined]]);
  expect(cluster.asked('tokenreviews')).toBe(4);
});

it('is asked for every ten seconds at the most, however often somebody looks', async () => {
  cluster.fault = forbidden;
  for (let n = 0; n < 30; n++) {
    await right.look();
    pace.advance(1000);
  }
  expect(cluster.asked('tokenreviews')).toBe(3);
});

it('an API server that is away, or answers otherwise, says nothing of it', async () => {
  cluster.fault = cluster.away;
  await later();
  cluster.fault = () => Promise.reject(new ApiError('503', { status: 503 }));
  await later();
  expect([right.missing, turns]).toEqual([undefined, []]);
  cluster.fault = forbidden;
  await later();
  cluster.fault = cluster.away;
  await later();
  expect(right.missing).toMatch(/tokenreviews/);
});
