import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { conditionOf } from '#test/e2e/cert-manager/objects.ts';
import { newRequest } from '#test/e2e/cert-manager/request.ts';
import { SigningRequests } from '#test/e2e/cert-manager/signing-requests.ts';
import { requestsIn, writeStatus } from '#test/e2e/spire/played-issuer.ts';
import { describeWith } from '#test/oracles.ts';
import { installKinds } from '#test/support/control-plane/cert-manager.ts';
import { at } from '#test/support/control-plane/client.ts';
import { Cluster } from '#test/support/control-plane/cluster.ts';
import { installIssuerKinds } from '#test/support/control-plane/issuer-kinds.ts';
import { testAuthority } from '#test/support/software-ca.ts';
import { Deprived, least } from './deprived.ts';
import { render, type Values } from './helm.ts';
import { Installed, type Right, rightsIn } from './installed.ts';
import { namedPolicy, vouchedPolicy } from './policies.ts';
import { issuerSecret, ownIssuer, root } from './secrets.ts';

const said = vi.hoisted((): string[] => []);
vi.mock('#telemetry/log/sink.ts', () => ({ descriptorSink: () => ({ write: (line: string) => said.push(line) }) }));

const patiently = { timeout: 30_000, interval: 50 };
const starting = 120_000;
const ours = '/apis/countersign.dev/v1alpha1';

/** For whom a registration authority vouches. */
const vouching: Values = {
  signingRequests: { enabled: true, approval: 'policy' },
  policy: { documents: { 'vouched.yaml': vouchedPolicy } },
};
/** What cert-manager asks for, and the cluster by the names of issuers. */
const issuing: Values = {
  certificateRequests: { enabled: true, signerNames: 'answer', signerNamesApproval: 'policy' },
  distribution: { signerTrustBundles: { enabled: true } },
  policy: { documents: { 'named.yaml': namedPolicy } },
};
/** Brings the server to want a right. */
type Want = (namespace: string, right: Right) => Promise<void>;

const selected = (namespace: string): Values => ({
  signingRequests: { signerName: `mesh.test/${namespace}`, requesters: [`${namespace}/authority`] },
});
const options = (...values: readonly Values[]) => ({
  values: [ownIssuer, least, ...values],
  select: selected,
  secrets: { 'mesh-ca': issuerSecret },
});

/** In a cluster of its own: whoever answers there answers all of it. */
describeWith(
  ['set:helm', 'set:cert-manager', 'control-plane'],
  "a server that answers requests under the chart's own service account",
  () => {
    let cluster: Cluster;
    beforeAll(async () => {
      cluster = await Cluster.start();
      await installIssuerKinds(cluster.admin);
      await installKinds(cluster.admin);
    }, starting);
    afterAll(() => cluster?.stop());

    /** As an authority asks that leaves approving to policy. */
    async function vouch(namespace: string): Promise<SigningRequests> {
      const admin = cluster.admin.as(`system:serviceaccount:${namespace}:authority`, ['system:masters']);
      const requests = new SigningRequests({
        admin,
        signerName: `mesh.test/${namespace}`,
        roots: root.pem,
        hasApprover: true,
      });
      await requests.create(`vouched-${namespace}`, {
        wish: {
          uris: [`spiffe://cluster.local/ns/${namespace}/sa/web`],
          usages: ['digital signature', 'key encipherment', 'server auth', 'client auth'],
          privateKey: { algorithm: 'ECDSA' },
        },
      });
      return requests;
    }

    const wish = { dnsNames: ['web.shop.example'], privateKey: { algorithm: 'ECDSA' } } as const;

    /** By the name of the Issuer in that namespace. */
    async function ask(namespace: string): Promise<SigningRequests> {
      const signerName = `issuers.countersign.dev/${namespace}.mesh`;
      const requests = new SigningRequests({ admin: cluster.admin, signerName, roots: root.pem, hasApprover: true });
      await requests.create(`named-${namespace}`, { wish });
      return requests;
    }

    const issuersIn = (namespace: string) => [
      { kind: 'Issuer', name: 'mesh', folder: `${ours}/namespaces/${namespace}/issuers` },
      { kind: 'ClusterIssuer', name: namespace, folder: `${ours}/clusterissuers` },
    ];

    const bundles = '/apis/certificates.k8s.io/v1beta1/clustertrustbundles';
    const bundleName = (namespace: string) => `clusterissuers.countersign.dev:${namespace}:roots`;

    /** Somebody else's roots in the place of ours, so that they have to be changed. */
    async function occupyBundle(namespace: string): Promise<void> {
      const { pem: trustBundle } = testAuthority({ commonName: 'Another root' });
      const signerName = `clusterissuers.countersign.dev/${namespace}`;
      const object = { metadata: { name: bundleName(namespace) }, spec: { signerName, trustBundle } };
      await cluster.admin.create(bundles, object);
    }

    /** What is not in a namespace. */
    async function removeOwn(namespace: string): Promise<void> {
      const paths = [`${ours}/clusterissuers/${namespace}`, `${bundles}/${bundleName(namespace)}`];
      for (const path of paths) await cluster.admin.ask('DELETE', path);
    }

    async function makeIssuers(namespace: string): Promise<void> {
      for (const { kind, name, folder } of issuersIn(namespace)) {
        const object = { apiVersion: 'countersign.dev/v1alpha1', kind, metadata: { name }, spec: {} };
        await cluster.admin.create(folder, object);
      }
    }

    /** An approved CertificateRequest to each of the issuers; resolves with their paths. */
    async function requestOfEach(namespace: string): Promise<readonly string[]> {
      const { csr } = await newRequest(wish);
      const request = Buffer.from(csr).toString('base64');
      const made = issuersIn(namespace).map(async ({ kind, name }) => {
        const { admin } = cluster;
        const object = await admin.create(requestsIn(namespace), {
          apiVersion: 'cert-manager.io/v1',
          kind: 'CertificateRequest',
          metadata: { generateName: 'web-' },
          spec: { request, issuerRef: { group: 'countersign.dev', kind, name } },
        });
        const path = `${requestsIn(namespace)}/${at(object, 'metadata', 'name')}`;
        await writeStatus(admin, path, { conditions: [{ type: 'Approved', status: 'True', reason: 'Test' }] });
        return path;
      });
      return Promise.all(made);
    }

    const reasonAt = async (path: string) => conditionOf(await cluster.admin.get(path), 'Ready')?.reason;

    it('K-36: approves and answers CertificateSigningRequests, answers a CertificateRequest, and is asked for nothing that it may not', async () => {
      const both = { policy: { documents: { 'vouched.yaml': vouchedPolicy, 'named.yaml': namedPolicy } } };
      using installed = await Installed.make(cluster, options(vouching, issuing, both));
      await using replica = await installed.start();
      await replica.ready();
      const { namespace } = installed;
      await occupyBundle(namespace);
      await makeIssuers(namespace);
      const paths = await requestOfEach(namespace);
      await using vouched = await vouch(namespace);
      await using named = await ask(namespace);
      await Promise.all([vouched.settled(), named.settled()]);
      const { facts } = await vouched.evidence(`vouched-${namespace}`);
      expect(facts.chain.endsWith(root.pem)).toBe(true);
      expect((await named.evidence(`named-${namespace}`)).certificate.subjectAltName).toBe('DNS:web.shop.example');
      for (const path of paths) await vi.waitUntil(async () => (await reasonAt(path)) === 'Issued', patiently);
      const bundle = `${bundles}/${bundleName(namespace)}`;
      await vi.waitUntil(
        async () => at(await cluster.admin.get(bundle), 'spec', 'trustBundle') === root.pem,
        patiently,
      );
      expect(replica.lines.filter((line) => /forbidden/i.test(line))).toEqual([]);
    });

    /** Starts the server without that right, brings it to want it, and sees that it says so. */
    async function misses(right: Right, values: Values, want: Want): Promise<void> {
      // what it could not mend would be the first that the next one complains of
      await using after = new AsyncDisposableStack();
      await using deprived = await Deprived.start(cluster, right, options(values));
      const { namespace } = deprived.installed;
      after.defer(() => removeOwn(namespace));
      await want(namespace, right);
      await vi.waitFor(() => expect(said.some((line) => deprived.complaint.test(line))).toBe(true), patiently);
    }

    const wantVouched: Want = async (namespace) => {
      await vouch(namespace);
    };
    const wantIssued: Want = async (namespace, { verb }) => {
      if (verb === 'update') await occupyBundle(namespace);
      await makeIssuers(namespace);
      await requestOfEach(namespace);
      await ask(namespace);
    };

    // the right on the lease is that of all kinds: rights.test.ts has it
    describe.each([
      ['for whom a registration authority vouches', vouching, wantVouched],
      ['by issuers of countersign.dev', issuing, wantIssued],
    ])('%s, one right less: it is missed, so none is too much', async (_, values, want) => {
      const manifests = await render([...options(values).values, selected('rights')], { release: 'rights' });
      const rights = rightsIn(manifests).filter(
        ({ role, resource }) => role.startsWith('ClusterRole') && resource !== 'tokenreviews',
      );
      it.each(rights)('$role: $verb $resource', (right) => misses(right, values, want), 60_000);
    });
  },
);
