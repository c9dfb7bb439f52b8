import { expect, it } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { sharedControlPlane } from '#test/support/control-plane/shared.ts';
import { ServerProcess } from '#test/support/server-process.ts';
import { kubernetesHome, type TokenMode } from '../kubernetes-home.ts';
import { realPods } from './pods.ts';
import { probed } from './readiness.ts';
import { storm } from './storm.ts';
import { untilReady } from './storms.ts';

const pods = 300;
const quiet = { telemetry: { logs: { level: 'warn', format: 'json' } } };

describeWith(
  ['control-plane', 'go:istioclient'],
  'three hundred pods of a real cluster that start in one moment',
  () => {
    it.each<TokenMode>(['local', 'review'])(
      'Istio 89: their tokens proven in mode %s: all are served by their own retries, and the server stays ready',
      { timeout: 240_000 },
      async (mode) => {
        const cluster = await sharedControlPlane();
        const agents = await realPods(cluster, { pods, nodes: 14, namespaces: 6, accounts: 20 });
        const { config, probe } = await probed(quiet);
        using home = await kubernetesHome(cluster, mode, config);
        await using server = await ServerProcess.start(home);
        await untilReady(server);
        const { served, problems, codes, readiness } = await storm({ home, server, probe }, agents, { within: '120s' });
        expect(problems).toEqual([]);
        expect(served).toBe(pods);
        const allowed = ['OK', 'Unavailable', 'ResourceExhausted'];
        expect(Object.keys(codes).filter((code) => !allowed.includes(code))).toEqual([]);
        expect(codes.OK).toBe(pods);
        expect(readiness.asked).toBeGreaterThan(0);
        expect(readiness.lost).toBe(0);
      },
    );
  },
);
