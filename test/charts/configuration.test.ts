import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadRevocations } from '#authority/revocation/document.ts';
import { missingFiles } from '#cli/config/named-files.ts';
import { loadConfig } from '#config/load.ts';
import { loadRuleSet } from '#detection/rule-set.ts';
import { loadPolicySet } from '#policy/load.ts';
import { countersign, parsed } from '#test/cli/run-cli.ts';
import { describeWith, repository } from '#test/oracles.ts';
import { at } from '#test/support/control-plane/client.ts';
import { one, render, type Values } from './helm.ts';
import { MountedPod } from './mounted-pod.ts';
import { ownIssuer } from './secrets.ts';
import { secretsOfVariants, variants } from './variants.ts';

/** Files that only the operator's own volumes bring. */
const brought = /\/(usr\/lib\/hsm|etc\/mesh|etc\/roots)\//;

describeWith(['set:helm'], 'the configuration that the chart makes', () => {
  describe.each(Object.entries(variants))('%s', (_, values) => {
    it('is one that a server starts with: the words, the policies, and every file that it names', async () => {
      const manifests = await render(values);
      const replicas = Number(
        at(
          manifests.find(({ kind }) => kind === 'StatefulSet'),
          'spec',
          'replicas',
        ),
      );
      for (let number = 0; number < replicas; number += 1) {
        using pod = new MountedPod(manifests, secretsOfVariants, number);
        const { config } = loadConfig(pod.configurationFile);
        expect(loadPolicySet(config.policies, Date.now()).id).toMatch(/./);
        loadRuleSet(config.detection?.rules ?? []);
        // made by the container before it
        for (const made of pod.initArguments.slice(2)) writeFileSync(made, '');
        const missing = missingFiles(config, pod.environment).filter((sentence) => !brought.test(sentence));
        expect(missing).toEqual([]);
      }
    });

    it('names the log of each replica after that replica and no other, and one log of all after none', async () => {
      const manifests = await render(values);
      const replicas = Number(
        at(
          manifests.find(({ kind }) => kind === 'StatefulSet'),
          'spec',
          'replicas',
        ),
      );
      const origins = Array.from({ length: replicas }, (__, number) => {
        using pod = new MountedPod(manifests, secretsOfVariants, number);
        return String(at(pod.configuration, 'audit', 'origin'));
      });
      using pod = new MountedPod(manifests, secretsOfVariants);
      const shared = at(pod.configuration, 'audit', 'store') !== undefined;
      expect(new Set(origins).size).toBe(shared ? 1 : replicas);
      for (const [number, origin] of origins.entries())
        expect(new RegExp(`/[a-z-]+-${number}$`).test(origin)).toBe(!shared);
    });
  });

  it('what is revoked is a document that the server reads, and certificates point where others reach it', async () => {
    const manifests = await render(variants['revocation, with something revoked'] ?? []);
    using pod = new MountedPod(manifests, secretsOfVariants);
    const { revocation } = loadConfig(pod.configurationFile).config;
    expect(revocation).toMatchObject({ url: 'http://pki.example/mesh' });
    expect(loadRevocations(revocation?.documents ?? [], Date.now())).toMatchObject([
      { serial: '5f3a09c1', reason: 'superseded', requestedBy: 'alice@example.org', ticket: 'INC-42: "a colon"' },
      { serial: '01', issuerKeyId: '9d8c', reason: 'unspecified', requestedBy: 'bob' },
    ]);
    const service = one(manifests, 'Service', 'countersign-status');
    expect(at(service, 'spec', 'ports', 0)).toMatchObject({ port: 80, targetPort: 9403 });
    const ports = JSON.stringify(at(one(manifests, 'NetworkPolicy'), 'spec', 'ingress', 0));
    expect(ports).toContain('{"protocol":"TCP","port":9403}');
  });

  it('the admin API is for those whom the values name, under the names by which it is reached, and from where they say', async () => {
    const manifests = await render(
      variants['CRLs in every namespace, with those of the CAs above, and the admin API'] ?? [],
    );
    using pod = new MountedPod(manifests, secretsOfVariants, 1);
    const { api } = loadConfig(pod.configurationFile).config;
    expect(api).toMatchObject({
      clientRoots: expect.stringMatching(/\/etc\/countersign\/people\/roots\.pem$/),
      grants: [{ who: { by: 'claims' }, roles: ['auditor'] }, { who: { by: 'subject', value: 'CN=Ada' } }],
      limits: { perSecond: 5, maxStreams: 16 },
    });
    const namespace = 'cert-manager';
    const replica = `countersign-1.countersign-replicas.${namespace}.svc`;
    expect(api?.serving.dnsNames).toEqual([`countersign-api.${namespace}.svc`, replica, 'ca.example']);
    expect(at(one(manifests, 'Service', 'countersign-api'), 'spec', 'ports', 0)).toMatchObject({
      port: 443,
      targetPort: 9404,
    });
    const rule = at(one(manifests, 'NetworkPolicy'), 'spec', 'ingress', 1);
    expect(rule).toEqual({
      ports: [{ protocol: 'TCP', port: 9404 }],
      from: [{ podSelector: { matchLabels: { app: 'auditor' } } }],
    });
  });

  it('passes `countersign config check` and `policy check`, as the container is started', async () => {
    using pod = new MountedPod(
      await render(variants['monitored, with a policy of its own, limits and approved algorithms'] ?? []),
      secretsOfVariants,
    );
    expect(await countersign(pod.initArguments)).toMatchObject({ code: 0, stderr: '' });
    const checked = await countersign(['config', 'check', pod.configurationFile, '--json']);
    expect(parsed(checked)).toMatchObject({ ok: true, problems: [] });
    const policies = ['as-text.yaml', 'as-yaml.yml'].map((file) => pod.path(`/etc/countersign/policies/${file}`));
    for (const policy of policies) expect((await countersign(['policy', 'check', policy])).code).toBe(0);
    expect(pod.arguments).toEqual(['serve', `--config=${pod.configurationFile}`]);
  });

  it('makes replicas that share a log in PostgreSQL of the values in docs/log-store.md', async () => {
    const document = readFileSync(join(repository, 'docs/log-store.md'), 'utf8');
    const [, section = ''] = document.split('## With the chart');
    const values: Values = parse(section.split('```yaml\n')[1]?.split('```')[0] ?? '');
    const manifests = await render([ownIssuer, values]);
    const stores = [0, 1, 2].map((number) => {
      const named = { 'countersign-log': { 'log.key': '' }, 'log-database': { password: 'a' } };
      const secrets = { ...secretsOfVariants, ...named, 'log-database-ca': { 'ca.crt': '' } };
      using pod = new MountedPod(manifests, secrets, number);
      const { audit } = loadConfig(pod.configurationFile).config;
      return { ...audit, key: audit.key.kind };
    });
    for (const { origin, key, store } of stores) {
      expect({ origin, key }).toEqual({ origin: 'audit.example.org/mesh', key: 'file' });
      expect(store).toMatchObject({
        hosts: [{ host: 'db.example.org', port: 5432 }],
        password: { file: expect.stringMatching(/\/etc\/countersign\/secrets\/database\/password$/) },
        tls: { ca: expect.stringMatching(/\/etc\/countersign\/secrets\/database\/tls\/ca$/) },
      });
    }
  });

  it('a policy that a server would refuse is found in what is rendered', async () => {
    using pod = new MountedPod(
      await render([ownIssuer, { policy: { documents: { 'wrong.yaml': 'kind: IssuancePolicy' } } }]),
      secretsOfVariants,
    );
    await countersign(pod.initArguments);
    const checked = await countersign(['config', 'check', pod.configurationFile]);
    expect([checked.code, checked.stderr]).toEqual([3, expect.stringContaining('wrong.yaml')]);
  });

  it('what `config` says goes before what the values say', async () => {
    using pod = new MountedPod(
      await render([ownIssuer, { config: { audit: { maxSkew: '1m' }, admin: { maxConnections: 7 } } }]),
      secretsOfVariants,
    );
    expect(pod.configuration).toMatchObject({
      audit: { maxSkew: '1m', origin: 'cluster.local/Kubernetes/cert-manager/countersign-0' },
      admin: { maxConnections: 7, listen: '0.0.0.0:9402' },
    });
  });
});
