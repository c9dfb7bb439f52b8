import { beforeAll, expect, it, vi } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import type { ControlPlane } from '#test/support/control-plane/control-plane.ts';
import {
  createNamespace,
  createServiceAccount,
  grant,
  type ServiceAccount,
  serviceAccountKubeconfig,
} from '#test/support/control-plane/objects.ts';
import { sharedControlPlane } from '#test/support/control-plane/shared.ts';
import { Mesh } from './mesh.ts';

const patiently = { timeout: 60_000, interval: 100 };
/** It is asked for again after ten seconds; a busy machine is no fault. */
const long = { timeout: 120_000 };

describeWith(['control-plane'], 'a server whose account lacks rights', () => {
  let cluster: ControlPlane;
  let own: ServiceAccount;
  let access: string;
  beforeAll(async () => {
    cluster = await sharedControlPlane();
    own = await createServiceAccount(cluster.admin, await createNamespace(cluster.admin, { prefix: 'rightless' }));
    access = await serviceAccountKubeconfig(cluster, own);
  });
  const start = (kubernetes: object) =>
    Mesh.start({ config: { authenticators: [{ kubernetes: { kubeconfig: 'kubeconfig', ...kubernetes } }] } }, (home) =>
      home.write('kubeconfig', access, 0o600),
    );

  it('says at once that it may watch nothing, each kind by its verb and resource, and waits', long, async () => {
    await using mesh = await start({ mode: 'local', remoteClusters: { namespace: own.namespace } });
    for (const kind of ['pods', 'serviceaccounts', 'nodes', 'secrets'])
      await mesh.server.said(
        new RegExp(`cannot be followed.*403 Forbidden.*cannot (list|watch) resource .{0,2}"${kind}`),
      );
    await mesh.server.said(/tokens cannot be reviewed.*cannot create resource .{0,2}"tokenreviews/);
    const { status, body } = await mesh.server.get('/readyz');
    expect(status).toBe(503);
    expect(body).toMatch(/the first list of pods is not there: GET \/api\/v1\/pods: 403 Forbidden .*"pods/);
    const lines = mesh.server.stderr.split('\n').filter((line) => line.includes('"pods'));
    expect(lines.length).toBeLessThanOrEqual(2);
  });

  // last: the account has the right afterwards
  it(
    'that reviews tokens is not ready without that right, says which it is, and is ready when it has come',
    long,
    async () => {
      await using mesh = await start({ mode: 'review' });
      await mesh.server.said(
        /tokens cannot be reviewed.*right to create tokenreviews\.authentication\.k8s\.io is missing/,
      );
      await vi.waitFor(async () => {
        const { status, body } = await mesh.server.get('/readyz');
        expect(status).toBe(503);
        expect(body).toContain('the right to create tokenreviews.authentication.k8s.io is missing');
      }, patiently);
      const rule = { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] };
      await grant(cluster.admin, own, [rule]);
      await vi.waitFor(async () => expect((await mesh.server.get('/readyz')).status).toBe(200), patiently);
      expect(mesh.server.stderr.match(/tokens cannot be reviewed/g)).toHaveLength(1);
      await mesh.server.said(/tokens may be reviewed now/);
    },
  );
});
