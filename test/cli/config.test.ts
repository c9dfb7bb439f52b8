import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { countersign, parsed, scratch } from './run-cli.ts';

const example = readFileSync('docs/countersign.example.yaml', 'utf8');

/** A folder in which everything is that the example names, its PKCS#11 library included. */
function completeHome(change: (text: string) => string = (text) => text): string {
  const home = scratch();
  const place = (path: string) => {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), 'not looked into');
  };
  for (const path of [
    'mesh/chain.pem',
    'mesh/roots.pem',
    'outside/roots.pem',
    'edge/chain.pem',
    'edge/key.pem',
    'secrets/pin',
    'secrets/audit-key.pem',
    'secrets/audit-passphrase',
    'module.so',
  ])
    place(path);
  mkdirSync(join(home, 'policies'));
  copyFileSync('policies/istio.yaml', join(home, 'policies', 'istio.yaml'));
  const text = example.replaceAll('/usr/lib/softhsm/libsofthsm2.so', 'module.so');
  writeFileSync(join(home, 'countersign.yaml'), change(text));
  return home;
}

const env = { EDGE_PASSPHRASE: 'x' };

describe('config check', () => {
  it('accepts a configuration whose files are all there, by --home and by COUNTERSIGN_HOME', async () => {
    const home = completeHome();
    const ran = await countersign(['config', 'check', '--home', home, '--json'], { env });
    expect(parsed(ran)).toMatchObject({ ok: true, problems: [], policySetId: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(ran.code).toBe(0);
    const { code, stdout } = await countersign(['config', 'check'], { env: { ...env, COUNTERSIGN_HOME: home } });
    expect([code, stdout.split('\n')[0]]).toEqual([0, `ok  ${home}/countersign.yaml`]);
  });

  it('lists every file and variable that is missing, not the first alone', async () => {
    const home = completeHome((text) => text.replaceAll('mesh/roots.pem', 'mesh/gone.pem'));
    const { code, stderr } = await countersign(['config', 'check', '--home', home]);
    expect(code).toBe(3);
    expect(stderr).toContain(`issuer mesh: roots: there is no file ${home}/mesh/gone.pem`);
    expect(stderr).toContain('environment variable EDGE_PASSPHRASE is not set');
  });

  it('a mistyped key: line, column, and the likely word', async () => {
    const home = completeHome((text) => text.replace('dialect: istiod', 'dialct: istiod'));
    const { code, stderr } = await countersign(['config', 'check', join(home, 'countersign.yaml')], { env });
    expect(code).toBe(3);
    expect(stderr).toMatch(/countersign\.yaml:\d+:\d+: istio\.dialct: .*did you mean "dialect"\?/);
  });

  it('a policy that fails its cases fails the configuration that names it', async () => {
    const home = completeHome();
    const file = join(home, 'policies', 'istio.yaml');
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace(/expect: \{ ?decision: deny[^}]*\}/, 'expect: { decision: allow }'),
    );
    const { code, stderr } = await countersign(['config', 'check', '--home', home], { env });
    expect(code).toBe(3);
    expect(stderr).toMatch(/policies\/istio\.yaml:\d+:\d+: .*the case ".+" fails/);
  });

  it('a file that is not there', async () => {
    const { code, stderr } = await countersign(['config', 'check', '/nonexistent.yaml']);
    expect(code).toBe(3);
    expect(stderr).toContain('/nonexistent.yaml:1:1: there is no such file');
  });
});
