import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { Cluster } from '#test/support/control-plane/cluster.ts';
import {
  createNamespace,
  createNode,
  createPod,
  createServiceAccount,
  type Pod,
  requestToken,
  type ServiceAccount,
} from '#test/support/control-plane/objects.ts';
import { TokenKey } from '#test/support/control-plane/token-key.ts';
import { minute } from './provers.ts';
import { patiently, RealCallers } from './real-callers.ts';

/** What starts programs takes seconds where the machine is busy. */
const starting = { timeout: 240_000 };

describeWith(['control-plane'], 'callers of a real cluster whose API server is away', () => {
  let cluster: Cluster;
  let callers: RealCallers;
  let account: ServiceAccount;
  let pod: Pod;
  const request = () => requestToken(cluster.admin, account, { audiences: ['istio-ca'], pod });

  beforeAll(async () => {
    cluster = await Cluster.start();
    const namespace = await createNamespace(cluster.admin);
    account = await createServiceAccount(cluster.admin, namespace, 'web');
    const node = await createNode(cluster.admin);
    pod = await createPod(cluster.admin, account, { node: node.name });
    callers = new RealCallers(cluster.facts.access, { timeoutMs: 2000 });
    await callers.ready();
    await vi.waitFor(() => expect(callers.pods.get(namespace, pod.name)).toBeDefined(), patiently);
  }, starting.timeout);
  afterAll(async () => {
    await callers[Symbol.asyncDispose]();
    await cluster.stop();
  });

  /** As `happen` leaves the API server: both modes, and what time does to the local one. */
  async function away(): Promise<void> {
    const { clock } = callers;
    const token = cluster.tokenKey.token({
      iss: cluster.issuer,
      aud: ['istio-ca'],
      sub: `system:serviceaccount:${account.namespace}:web`,
      exp: Math.floor(Date.now() / 1000) + 7200,
      'kubernetes.io': {
        namespace: account.namespace,
        serviceaccount: { name: 'web', uid: account.uid },
        pod: { name: pod.name, uid: pod.uid },
      },
    });
    const forged = TokenKey.generate('RS256').token({}, {});
    expect(await callers.verdict('review', token)).toBe('authn.unavailable');
    expect(await callers.verdict('local', token)).toMatchObject({ serviceAccount: 'web' });
    clock.ahead = 2 * minute;
    expect(await callers.verdict('local', token)).toMatchObject({ serviceAccount: 'web' });
    expect(callers.counted.lines).toContain('served stale');
    expect(await callers.verdict('local', forged)).toBe('authn.failed');
    clock.ahead = 11 * minute;
    expect(await callers.verdict('local', token)).toBe('authn.unavailable');
  }

  async function back(): Promise<void> {
    callers.clock.ahead = 0;
    const token = await request();
    for (const mode of ['review', 'local'] as const) {
      await vi.waitFor(
        async () => expect(await callers.verdict(mode, token)).toMatchObject({ pod: { uid: pod.uid } }),
        {
          ...patiently,
          timeout: 60_000,
        },
      );
    }
  }

  it('Istio 35, K-74: one that hangs (SIGSTOP) makes nobody hang, and nobody wrong', starting, async () => {
    await cluster.pause();
    try {
      await away();
    } finally {
      cluster.resume();
    }
    await back();
  });

  it('Istio 35, K-74: one that is down likewise', starting, async () => {
    callers.counted.lines.length = 0;
    await cluster.down();
    await away();
    await cluster.up();
    await back();
  });

  it(
    'K-72: its signing key is exchanged: new tokens count at once, old ones until their key is withdrawn',
    starting,
    async () => {
      const before = await request();
      const first = cluster.tokenKey;
      const next = TokenKey.generate('ES256');
      await cluster.rotateTokenKey(next, [first]);
      const after = await request();
      for (const mode of ['local', 'review'] as const) {
        await vi.waitFor(async () => {
          expect(await callers.verdict(mode, after)).toMatchObject({ credential: { kid: next.kid } });
          expect(await callers.verdict(mode, before)).toMatchObject({ credential: { kid: first.kid } });
        }, patiently);
      }
      await cluster.rotateTokenKey(next, []);
      // five minutes on, the keys are read again, whoever asks
      callers.clock.ahead = 5 * minute;
      await vi.waitFor(async () => {
        await callers.refreshKeys();
        expect(await callers.verdict('local', before)).toBe('authn.failed');
      }, patiently);
      callers.clock.ahead = 0;
      await vi.waitFor(async () => {
        expect(await callers.verdict('review', before)).toBe('authn.failed');
        expect(await callers.verdict('local', await request())).toMatchObject({ serviceAccount: 'web' });
      }, patiently);
    },
  );
});
