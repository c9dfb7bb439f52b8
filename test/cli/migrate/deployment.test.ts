import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { fromDeployment } from '#cli/migrate/istio-csr/from-deployment.ts';
import { countersign, parsed, scratch } from '../run-cli.ts';

/** As the chart writes them. */
const args = [
  '--log-level=1',
  '--metrics-port=9402',
  '--readiness-probe-port=6060',
  '--readiness-probe-path=/readyz',
  '--certificate-namespace=istio-system',
  '--issuer-enabled=true',
  '--issuer-name=istio-ca',
  '--issuer-kind=Issuer',
  '--issuer-group=cert-manager.io',
  '--preserve-certificate-requests=false',
  '--root-ca-file=',
  '--serving-certificate-dns-names=cert-manager-istio-csr.cert-manager.svc',
  '--serving-certificate-duration=1h',
  '--trust-domain=mesh.example',
  '--cluster-id=Kubernetes',
  '--max-client-certificate-duration=1h',
  '--serving-address=0.0.0.0:6443',
  '--serving-certificate-key-size=2048',
  '--serving-signature-algorithm=RSA',
  '--enable-client-cert-authenticator=false',
  '--leader-election-namespace=istio-system',
  '--disable-kubernetes-client-rate-limiter=false',
  '--runtime-issuance-config-map-name=',
  '--runtime-issuance-config-map-namespace=istio-system',
  '--istiod-cert-enabled=false',
  '--ca-trusted-node-accounts=',
];

const deployment = (container: object) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'cert-manager-istio-csr' },
  spec: { template: { spec: { containers: [{ name: 'a-sidecar', args: ['--proxy'] }, container] } } },
});
const usual = { name: 'cert-manager-istio-csr', image: 'istio-csr:test', args };

function file(content: string): string {
  const path = join(scratch(), 'input');
  writeFileSync(path, content);
  return path;
}

const migrate = (content: string, ...more: readonly string[]) =>
  countersign(['migrate', 'istio-csr', '--deployment', file(content), ...more]);

describe('a running Deployment', () => {
  it.each<readonly [string, unknown]>([
    ['one', deployment(usual)],
    ['in a List', { kind: 'List', items: [{ kind: 'Service' }, deployment(usual)] }],
    ['under another name, known by its flags', deployment({ ...usual, name: 'server' })],
  ])('%s: its flags are found', (_, content) => {
    expect(fromDeployment(content, 'x')).toEqual({ words: args, env: {}, elsewhere: [], unknown: [], differs: [] });
  });

  it.each([
    ['nothing', null],
    ['another kind', { ...deployment(usual), kind: 'Pod' }],
    ['no such container', deployment({ name: 'app', args: ['--verbose'] })],
    ['a list of nothing', { kind: 'List', items: [] }],
  ])('%s: refused', (_, content) => {
    expect(() => fromDeployment(content, 'x.yaml')).toThrow('x.yaml: there is no Deployment in it');
  });

  it('its variables are heeded, or told', () => {
    const env = [{ name: 'TOKEN_AUDIENCES', value: 'a,b' }];
    const found = fromDeployment(
      deployment({ ...usual, command: ['/bin/sh'], args: [...args, '--cluster-id=$(ID)'], env }),
      'x',
    );
    expect(found).toMatchObject({ words: args, env: { TOKEN_AUDIENCES: 'a,b' } });
    expect(found.unknown).toEqual([
      '--cluster-id=$(ID) comes from a variable of the container: write its value out',
      'the container runs "/bin/sh" of its own',
    ]);
  });
});

describe('countersign migrate istio-csr', () => {
  it('--deployment prints one YAML file that `config check` reads, words and all', async () => {
    const ran = await migrate(stringify(deployment(usual)));
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    expect(ran.stdout).toMatch(
      /^# What has to be done first:\n# {3}- Issuer: nothing has to be done\. .+istio-ca is asked/,
    );
    expect(ran.stdout).toContain('# What will differ:');
    const printed = join(scratch(), 'countersign.yaml');
    writeFileSync(printed, ran.stdout);
    const { problems } = parsed(await countersign(['config', 'check', printed, '--json']));
    // nothing is wrong in it; the files that it names are the first steps
    for (const problem of Array.isArray(problems) ? problems : ['none listed'])
      expect(problem).toMatch(/there is no (such )?file/);
  });

  it('reads what kubectl prints as JSON, from stdin too', async () => {
    const json = JSON.stringify({ kind: 'List', items: [deployment(usual)] });
    const ran = await countersign(['migrate', 'istio-csr', '--deployment', '-', '--json'], { input: json });
    expect(ran.code).toBe(0);
    expect(parsed(ran)).toMatchObject({
      config: { trustDomain: 'mesh.example', istio: { dialect: 'istio-csr', listen: '0.0.0.0:6443' } },
      unknown: [],
      notHonoured: [],
    });
    expect(Object.keys(parsed(ran))).toEqual(['config', 'first', 'differs', 'withoutEffect', 'notHonoured', 'unknown']);
  });

  it('an unknown flag, and one that is not in this version: printed, told, exit 1', async () => {
    const ran = await migrate(
      stringify(deployment({ ...usual, args: [...args, '--new-thing=1', '--server=https://x'] })),
    );
    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain('# What is not known:\n#   - there is no flag --new-thing');
    expect(ran.stdout).toContain('# What is not in this version:\n#   - --server: write it into a kubeconfig');
    expect(ran.stderr).toContain('there is no flag --new-thing');
  });

  it('what istio-csr would not start with: exit 3', async () => {
    const ran = await migrate(
      stringify(deployment({ ...usual, args: [...args, '--metrics-port=x', '--log-format=xml'] })),
    );
    expect([ran.code, ran.stdout]).toEqual([3, '']);
    expect(ran.stderr).toContain('--metrics-port: "x" is not a whole number');
    expect(ran.stderr).toContain('--log-format: text or json');
  });

  it('text from the file never leaves its comment', async () => {
    const ran = await migrate(stringify(deployment({ ...usual, args: [...args, '--x\ninjected: true\u001b[31m'] })));
    expect(ran.stdout).not.toMatch(/^injected/m);
    expect(ran.stdout).not.toContain('\u001b');
  });

  it('one of --values and --deployment, not none and not both', async () => {
    for (const words of [[], ['--values', 'a', '--deployment', 'b']])
      expect((await countersign(['migrate', 'istio-csr', ...words])).code).toBe(2);
  });
});
