import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type IssuerResource, issuerGroup, issuerKinds, issuerVersion } from '#doors/kubernetes/issuer-resource.ts';
import { readIssuerSpec } from '#doors/kubernetes/issuer-spec.ts';
import { isObject } from '#kubernetes/answer.ts';
import { describeWith } from '#test/oracles.ts';
import { at } from '#test/support/control-plane/client.ts';
import type { ControlPlane } from '#test/support/control-plane/control-plane.ts';
import { installIssuerKinds } from '#test/support/control-plane/issuer-kinds.ts';
import { kubectl } from '#test/support/control-plane/kubectl.ts';
import { createNamespace } from '#test/support/control-plane/objects.ts';
import { sharedControlPlane } from '#test/support/control-plane/shared.ts';
import { rightSpecs, wrongSpecs } from './issuer-specs.ts';

const apiVersion = `${issuerGroup}/${issuerVersion}`;
const api = `/apis/${apiVersion}`;
const patiently = { timeout: 20_000, interval: 200 };

type Condition = NonNullable<NonNullable<IssuerResource['status']>['conditions']>[number];
const ready: Condition = {
  type: 'Ready',
  status: 'True',
  observedGeneration: 1,
  lastTransitionTime: '2026-01-02T03:04:05Z',
  reason: 'Checked',
  message: 'mesh signs',
};

describeWith(['control-plane'], 'the kinds Issuer and ClusterIssuer, at a real API server', () => {
  let cluster: ControlPlane;
  let namespace: string;
  beforeAll(async () => {
    cluster = await sharedControlPlane();
    await installIssuerKinds(cluster.admin);
  });
  beforeEach(async () => {
    namespace = await createNamespace(cluster.admin, { prefix: 'issuers' });
  });
  // Whoever lists ClusterIssuers would see it.
  afterEach(() => cluster.admin.ask('DELETE', `${api}/clusterissuers/${namespace}`));

  const collection = (kind: string) =>
    kind === 'Issuer' ? `${api}/namespaces/${namespace}/issuers` : `${api}/clusterissuers`;
  const issuer = (spec: unknown, kind = 'Issuer', name = namespace) => ({ apiVersion, kind, metadata: { name }, spec });
  const create = (spec: unknown, kind = 'Issuer') => cluster.admin.create(collection(kind), issuer(spec, kind));
  const tryOut = (body: unknown, kind = 'Issuer') =>
    cluster.admin.ask('POST', `${collection(kind)}?dryRun=All&fieldValidation=Strict`, { body });
  const setStatus = (status: unknown, kind = 'Issuer') =>
    cluster.admin.ask('PATCH', `${collection(kind)}/${namespace}/status`, {
      body: { status },
      contentType: 'application/merge-patch+json',
    });

  it.each(issuerKinds)('$kind is served under its names, with nothing to complain of', async ({ plural }) => {
    const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${plural}.${issuerGroup}`;
    const conditions = at(await cluster.admin.get(path), 'status', 'conditions');
    const said = (Array.isArray(conditions) ? conditions : []).map((each) => `${each.type}=${each.status}`);
    expect(said.toSorted()).toEqual(['Established=True', 'NamesAccepted=True']);
  });

  describe.each(['Issuer', 'ClusterIssuer'])('%s', (kind) => {
    it.each(rightSpecs)('%j is taken, and is read as what it says', async (spec, read) => {
      const { status, body } = await tryOut(issuer(spec, kind), kind);
      expect(status).toBe(201);
      expect(isObject(body) && readIssuerSpec(body)).toEqual(read);
    });

    it.each(wrongSpecs)('%j is refused, naming that field alone and what would be right', async (spec, said) => {
      const { status, body } = await tryOut(issuer(spec, kind), kind);
      expect([status, String(at(body, 'message'))]).toEqual([422, expect.stringMatching(said)]);
      const [field = ''] = Object.keys(spec).slice(-1);
      const causes = at(body, 'details', 'causes');
      const fields = (Array.isArray(causes) ? causes : []).map((cause) => at(cause, 'field'));
      // after some faults the API server says, of no field, that it did not look further
      expect([...new Set(fields)].filter((each) => each !== '<nil>')).toEqual([`spec.${field}`]);
    });
  });

  it('a lifetime that is none is told of where it stands, not where it is compared', async () => {
    const { body } = await tryOut(issuer({ defaultDuration: 'soon', maxDuration: '1h' }));
    expect(at(body, 'details', 'causes')).toMatchObject([{ field: 'spec.defaultDuration' }]);
  });

  it('without a spec it is refused; with an empty one the defaults are on the object', async () => {
    const { metadata } = issuer({});
    const { status, body } = await tryOut({ apiVersion, kind: 'Issuer', metadata });
    expect([status, at(body, 'message')]).toEqual([422, expect.stringContaining('spec: Required value')]);
    expect(at(await create({}), 'spec')).toEqual({ defaultDuration: '2160h', isCA: false });
  });

  it('what the definition does not know is refused where somebody asks for that, and never kept', async () => {
    const spec = { issuer: 'mesh', isser: 'mesh' };
    const { status, body } = await tryOut(issuer(spec));
    expect([status, at(body, 'message')]).toEqual([400, expect.stringContaining('unknown field "spec.isser"')]);
    const made = await cluster.admin.create(`${collection('Issuer')}?fieldValidation=Ignore`, issuer(spec));
    expect(at(made, 'spec')).toEqual({ issuer: 'mesh', defaultDuration: '2160h', isCA: false });
  });

  it('K-30: the status is written apart from the spec, and only a change of the spec is a new generation', async () => {
    const { admin } = cluster;
    const path = `${collection('Issuer')}/${namespace}`;
    const made = await admin.create(collection('Issuer'), { ...issuer({}), status: { conditions: [ready] } });
    expect([at(made, 'status'), at(made, 'metadata', 'generation')]).toEqual([undefined, 1]);
    const patch = { spec: { isCA: true }, status: { conditions: [ready] } };
    const checked = await admin.patch(`${path}/status`, patch);
    expect(at(checked, 'status', 'conditions')).toEqual([ready]);
    expect([at(checked, 'spec', 'isCA'), at(checked, 'metadata', 'generation')]).toEqual([false, 1]);
    const changed = await admin.patch(path, { ...patch, status: { conditions: [] } });
    expect(at(changed, 'status', 'conditions')).toEqual([ready]);
    expect([at(changed, 'spec', 'isCA'), at(changed, 'metadata', 'generation')]).toEqual([true, 2]);
  });

  it('whoever applies Ready alone leaves the conditions of others where they are', async () => {
    const path = `${collection('Issuer')}/${namespace}/status`;
    await create({});
    const apply = (owner: string, condition: Condition) =>
      cluster.admin.must(
        'PATCH',
        `${path}?fieldManager=${owner}&force=true`,
        { apiVersion, kind: 'Issuer', metadata: { name: namespace }, status: { conditions: [condition] } },
        'application/apply-patch+yaml',
      );
    const other: Condition = { ...ready, type: 'example.org/Reviewed', reason: 'Seen' };
    await apply('somebody', other);
    expect(at(await apply('countersign.dev/issuer', ready), 'status', 'conditions')).toEqual([other, ready]);
  });

  it.each<readonly [string, RegExp, object]>([
    ['status', /"Yes": supported values: "True", "False", "Unknown"/, { status: 'Yes' }],
    ['reason', /should match/, { reason: 'not one word' }],
    ['reason', /at least 1 chars long/, { reason: '' }],
    ['reason', /more than 1024/, { reason: 'R'.repeat(1025) }],
    ['message', /more than 32768/, { message: 'm'.repeat(32_769) }],
    ['type', /should match/, { type: 'Is it?' }],
    ['type', /more than 316/, { type: 'T'.repeat(317) }],
    ['lastTransitionTime', /date-time/, { lastTransitionTime: 'yesterday' }],
    ['observedGeneration', /greater than or equal to 0/, { observedGeneration: -1 }],
  ])('a condition with a wrong %s is refused: %s', async (field, said, wrong) => {
    await create({});
    const { status, body } = await setStatus({ conditions: [{ ...ready, ...wrong }] });
    const message = String(at(body, 'message'));
    expect([status, message]).toEqual([422, expect.stringMatching(said)]);
    expect(message).toContain(`status.conditions[0].${field}`);
  });

  it('each type of condition stands there once, and at most eight do', async () => {
    await create({});
    const twice = await setStatus({ conditions: [ready, { ...ready, status: 'False' }] });
    expect(at(twice.body, 'message')).toMatch(/status\.conditions\[1\]: Duplicate value/);
    const types = Array.from({ length: 9 }, (_, n) => ({ ...ready, type: `Type${n}` }));
    expect(at((await setStatus({ conditions: types })).body, 'message')).toMatch(/status\.conditions.*at most 8 items/);
    expect((await setStatus({ conditions: types.slice(1) })).status).toBe(200);
  });

  describe('in the words of kubectl', () => {
    beforeEach(async () => {
      for (const { kind } of issuerKinds) {
        await create({ issuer: 'mesh' }, kind);
        expect((await setStatus({ conditions: [ready] }, kind)).status).toBe(200);
      }
    });

    const lines = async (...words: readonly string[]) =>
      (await kubectl(cluster.kubeconfig, ['get', ...words])).split('\n').map((line) => line.trim().split(/\s{2,}/));
    const age = expect.stringMatching(/^\d+[sm]/);

    it('K-40: `kubectl get cert-manager -A` lists both, with Ready and Age', async () => {
      // Between its discovery and its lists another test may bring more kinds of that category.
      const printed = await vi.waitFor(() => lines('cert-manager', '-A'), patiently);
      expect(printed).toContainEqual([namespace, `issuer.countersign.dev/${namespace}`, 'True', 'Checked', age]);
      expect(printed).toContainEqual([`clusterissuer.countersign.dev/${namespace}`, 'True', 'Checked', age]);
      expect(printed).toContainEqual(['NAMESPACE', 'NAME', 'READY', 'REASON', 'AGE']);
    });

    it('both are got in one command, and with -o wide say which issuer and why', async () => {
      const both = ['issuers.countersign.dev,clusterissuers.countersign.dev', '--namespace', namespace];
      const printed = await lines(...both);
      expect(printed).toContainEqual(['NAME', 'READY', 'REASON', 'AGE']);
      expect(printed).toContainEqual([`issuer.countersign.dev/${namespace}`, 'True', 'Checked', age]);
      expect(printed).toContainEqual([`clusterissuer.countersign.dev/${namespace}`, 'True', 'Checked', age]);
      const wide = await lines(...both, '--output=wide');
      expect(wide).toContainEqual(['NAME', 'READY', 'REASON', 'ISSUER', 'STATUS', 'AGE']);
      expect(wide).toContainEqual([
        `issuer.countersign.dev/${namespace}`,
        'True',
        'Checked',
        'mesh',
        'mesh signs',
        age,
      ]);
    });

    it('their short names are theirs alone', async () => {
      expect(await lines('csiss', '--namespace', namespace)).toContainEqual([namespace, 'True', 'Checked', age]);
      expect(await lines('csciss', namespace)).toContainEqual([namespace, 'True', 'Checked', age]);
    });

    it('`kubectl explain` says what each field is', async () => {
      const explain = (kind: string) => kubectl(cluster.kubeconfig, ['explain', `${kind}.${issuerGroup}.spec`]);
      for (const { plural } of issuerKinds) {
        const text = await explain(plural);
        for (const field of ['issuer', 'defaultDuration', 'maxDuration', 'isCA']) expect(text).toContain(`${field}\t<`);
        expect(text).toContain('Lifetime of the certificate where a request names none.');
      }
    });
  });
});
