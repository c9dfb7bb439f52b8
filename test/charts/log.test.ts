import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { missingFiles } from '#cli/config/named-files.ts';
import { loadConfig } from '#config/load.ts';
import { loadRuleSet } from '#detection/rule-set.ts';
import { describeWith, repository } from '#test/oracles.ts';
import { at, listAt } from '#test/support/control-plane/client.ts';
import { chart, one, render } from './helm.ts';
import { copied, onVolumes, secretsOfCopies, shared, witnessing } from './log-values.ts';
import { MountedPod } from './mounted-pod.ts';
import { issuerSecret, ownIssuer } from './secrets.ts';

const secrets = { ...secretsOfCopies, 'mesh-ca': issuerSecret };

describeWith(['set:helm'], 'what the chart makes of the log and its copies', () => {
  it('what stands behind the log has its secrets in files, and a place of its own for each log', async () => {
    const manifests = await render([ownIssuer, copied]);
    using pod = new MountedPod(manifests, secrets, 1);
    const { audit, exports } = loadConfig(pod.configurationFile).config;
    const contentOf = (source: unknown) => readFileSync(String(at(source, 'file')), 'utf8');
    const { archive } = audit;
    if (archive === undefined || !('s3' in archive)) throw new Error('there is no bucket');
    expect(archive.s3).toMatchObject({ prefix: 'mesh/countersign-1/', lock: { mode: 'compliance', days: 2557 } });
    expect([contentOf(archive.s3.accessKey), contentOf(archive.s3.secretKey)]).toEqual(['AKIA', 'a secret']);
    expect(readFileSync(archive.s3.ca ?? '', 'utf8')).toBe('a root');
    expect(audit).toMatchObject({
      redactable: ['peer.ip', 'actor.user'],
      retention: { bodiesMs: 90 * 86_400_000 },
      witnesses: { who: { kind: 'list', quorum: 1 }, without: 'withhold', stopAfterMs: 3_600_000 },
    });
    const [splunk, elastic, collector, syslog] = exports.map(({ to }) => to);
    expect(contentOf(at(splunk, 'token'))).toBe('a token');
    expect(contentOf(at(elastic, 'authorization', 'secret'))).toBe('a password');
    expect(contentOf(at(collector, 'headers', 0, 'secret'))).toBe('mesh');
    expect(at(collector, 'headers', 1, 'secret')).toEqual({ env: 'COLLECTOR_KEY' });
    expect(readFileSync(String(at(syslog, 'tls', 'key')), 'utf8')).toBe('a key');
    expect(exports[0]).toMatchObject({ batch: { maxRecords: 500 }, timeoutMs: 30_000 });
  });

  it('archive and files of sinks are on claims of each replica, or in folders of theirs on one of all', async () => {
    const manifests = await render([ownIssuer, onVolumes]);
    using pod = new MountedPod(manifests, secrets, 1);
    expect(pod.configuration).toMatchObject({
      audit: {
        archive: { directory: '/var/lib/countersign-archive/countersign-1' },
        witnesses: { policy: '/etc/countersign/witnesses/trust.policy' },
      },
      exports: [{ to: { file: { directory: '/var/lib/countersign-exports/countersign-1/files', entries: 4096 } } }, {}],
    });
    const set = at(one(manifests, 'StatefulSet'), 'spec');
    expect(listAt(set, 'volumeClaimTemplates').map((claim) => at(claim, 'metadata', 'name'))).toEqual([
      'archive',
      'audit',
    ]);
    expect(listAt(set, 'template', 'spec', 'volumes')).toContainEqual({
      name: 'exports',
      persistentVolumeClaim: { claimName: 'all-exports' },
    });
  });

  it('replicas that share a log share its archive and the files of its sinks', async () => {
    for (const values of [copied, onVolumes]) {
      const manifests = await render([ownIssuer, values, shared]);
      const [first, second] = [0, 1].map((number) => {
        using pod = new MountedPod(manifests, secrets, number);
        return { archive: at(pod.configuration, 'audit', 'archive'), exports: pod.configuration.exports };
      });
      expect(first).toEqual(second);
    }
  });

  it("a witness has the keys of its Secrets, a door that others' logs reach, and remembers on the log's volume", async () => {
    const manifests = await render([ownIssuer, witnessing]);
    using pod = new MountedPod(manifests, secrets);
    const { witness } = loadConfig(pod.configurationFile).config;
    expect(witness).toMatchObject({
      name: 'witness.example.org/mesh',
      directory: pod.path('/home/countersign/audit/witness'),
      listen: { host: '0.0.0.0', port: 9405 },
    });
    expect(witness?.keys.map((file) => readFileSync(file, 'utf8'))).toEqual(['a key', 'another']);
    expect(at(one(manifests, 'Service', 'countersign-witness'), 'spec')).toMatchObject({
      type: 'LoadBalancer',
      ports: [{ port: 80, targetPort: 9405 }],
    });
    expect(listAt(one(manifests, 'NetworkPolicy'), 'spec', 'ingress')).toContainEqual({
      ports: [{ protocol: 'TCP', port: 9405 }],
      from: [{ ipBlock: { cidr: '192.0.2.0/24' } }],
    });
  });

  it('each block of docs/kubernetes.md about it is rendered, to what a server reads', async () => {
    const [, section = ''] = readFileSync(join(repository, 'docs/kubernetes.md'), 'utf8').split(
      '## The log and its copies',
    );
    const blocks = [...(section.split('\n## ')[0] ?? '').matchAll(/```yaml\n([^`]+)```/g)].map(([, text = '']) =>
      parse(text),
    );
    expect(blocks.length).toBeGreaterThan(5);
    const named = { siem: { 'hec-token': 'a token' } };
    for (const values of blocks) {
      using pod = new MountedPod(await render([ownIssuer, values]), { ...secrets, ...named });
      const { config } = loadConfig(pod.configurationFile);
      for (const made of pod.initArguments.slice(2)) writeFileSync(made, '');
      expect(missingFiles(config, {})).toEqual([]);
      if (config.detection !== undefined) expect(loadRuleSet(config.detection.rules).rules).toHaveLength(3);
    }
  });

  it('every watch rule that ships can be named', () => {
    const schema: unknown = JSON.parse(readFileSync(join(chart, 'values.schema.json'), 'utf8'));
    const named = listAt(schema, 'properties', 'detection', 'properties', 'shipped', 'items', 'enum');
    const there = readdirSync(join(repository, 'policies/detection')).filter((file) => file.endsWith('.yaml'));
    expect(named.map((name) => `${name}.yaml`)).toEqual(there.toSorted());
  });
});
