import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { planCeremony } from '#ceremony/plan.ts';

const now = Date.UTC(2026, 10, 21);
const home = '/home/ceremony';
const shipped = (name: string) => readFileSync(new URL(`../../hsm/${name}`, import.meta.url), 'utf8');
const root = shipped('root-ceremony.yaml');
const plan = (text: string) => planCeremony(text, 'ceremony.yaml', { home, now });

/** The file that ships with one line exchanged; it must be there. */
function changed(from: string, to: string, text = root): string {
  if (!text.includes(from)) throw new Error(`the file has no "${from}"`);
  return text.replace(from, to);
}
const complaint = (text: string): string => {
  try {
    plan(text);
    return 'accepted';
  } catch (thrown) {
    return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  }
};
const warnings = (text: string) => plan(text).warnings.map(({ path, message }) => `${path}: ${message}`);
const mesh = (line: string, to: string) => {
  const at = root.indexOf('  - label: quickstart-mesh');
  return root.slice(0, at) + changed(line, to, root.slice(at));
};

describe('the plan of a ceremony', () => {
  it('shows every field of both certificates of the file that ships', () => {
    const { root: top, intermediates } = plan(root);
    expect(top).toEqual({
      role: 'root',
      label: 'quickstart-root',
      key: 'ec:P-384',
      keyIn: 'hsm',
      subject: { commonName: 'Quickstart root', organization: 'Countersign' },
      subjectText: 'O=Countersign, CN=Quickstart root',
      issuerText: 'self',
      lifetime: 3650 * 86_400,
      keyUsage: ['keyCertSign', 'cRLSign'],
      output: '/home/ceremony/ca/quickstart-root.pem',
    });
    expect(intermediates).toEqual([
      {
        role: 'intermediate',
        label: 'quickstart-mesh',
        key: 'ec:P-256',
        keyIn: 'hsm',
        subject: { commonName: 'Quickstart mesh CA', organization: 'Countersign' },
        subjectText: 'O=Countersign, CN=Quickstart mesh CA',
        issuerText: 'O=Countersign, CN=Quickstart root',
        lifetime: 365 * 86_400,
        pathLength: 0,
        keyUsage: ['keyCertSign', 'cRLSign'],
        san: 'spiffe://cluster.local',
        output: '/home/ceremony/ca/quickstart-mesh.pem',
      },
    ]);
  });

  it('plans no root where an enterprise root signs', () => {
    const { root: top, intermediates, warnings: found } = plan(shipped('enterprise-intermediate.yaml'));
    expect(top).toBeUndefined();
    expect(intermediates[0]?.issuerText).toBe('an enterprise CA, by its own hand');
    expect(found).toEqual([]);
  });

  it('starts relative paths of secrets from the home directory', () => {
    expect(plan(root).token?.pin).toEqual({ file: '/home/ceremony/secrets/pin' });
  });

  const errors: readonly [string, string, RegExp][] = [
    ['a slip in a key', changed('operators:', 'operatrs:'), /ceremony\.yaml:\d+:\d+: .*did you mean "operators"/],
    ['a PIN in the file', changed('pin: { file: secrets/pin }', 'pin: "1234"'), /ceremony\.yaml:\d+:\d+: token\.pin/],
    [
      'two places for one secret',
      changed('{ file: secrets/pin }', '{ file: a, env: B }'),
      /token\.pin: give exactly one of file and env/,
    ],
    ['a trust domain in capitals', changed('trustDomain: cluster.local', 'trustDomain: Cluster'), /trustDomain: .*a-z/],
    ['a lifetime without a unit', changed('lifetime: 365d', 'lifetime: 365'), /lifetime/],
    [
      'an intermediate that outlives its root',
      changed('lifetime: 365d', 'lifetime: 4000d'),
      /would outlive its root, which lives 3650d/,
    ],
    ['a CA for minutes', changed('lifetime: 365d', 'lifetime: 30m'), /a CA lives at least an hour/],
    [
      'one label twice',
      changed('label: quickstart-mesh', 'label: quickstart-root'),
      /the label quickstart-root is used twice/,
    ],
    [
      'one name twice',
      changed('commonName: Quickstart mesh CA', 'commonName: Quickstart root'),
      /two CAs with one name/,
    ],
    ['a label that is a path', changed('label: quickstart-mesh', 'label: ../mesh'), /label/],
    ['a common name too long', changed('Quickstart mesh CA', 'x'.repeat(65)), /commonName/],
    [
      'a country in small letters',
      mesh('organization: Countersign', 'country: de'),
      /country must be two capital letters/,
    ],
    ['an algorithm nobody knows', mesh('key: ec:P-256', 'key: ec:P-224'), /key/],
    ['ML-DSA in a token', mesh('key: ec:P-256', 'key: ml-dsa-65'), /ML-DSA keys cannot live in a PKCS#11 token yet/],
    ['a software key without a passphrase', mesh('keyIn: hsm', 'keyIn: software'), /"software\.passphrase" is missing/],
    ['an HSM key without a token', root.replace(/^token:\n(?: .*\n)+/m, ''), /there is no "token" to make it in/],
    ['a path length of 9', mesh('pathLength: 0', 'pathLength: 9'), /pathLength/],
    [
      'a memory key under an enterprise root',
      changed('keyIn: hsm', 'keyIn: memory', shipped('enterprise-intermediate.yaml')),
      /needs our own root to sign it at each start/,
    ],
  ];
  it.each(errors)('refuses %s, by file, line and field', (_, text, sentence) => {
    expect(complaint(text)).toMatch(/^DocumentError: ceremony\.yaml:\d+:\d+: /);
    expect(complaint(text)).toMatch(sentence);
  });

  const hints: readonly [string, string, RegExp][] = [
    ['nobody has approved it', root, /^approvers: nobody has approved/],
    ['its operator approves it', changed('approvers: []', 'approvers: [quickstart]'), /both approves and runs/],
    [
      'a P-384 intermediate costs 1 ms a leaf',
      mesh('key: ec:P-256', 'key: ec:P-384'),
      /about 1 ms of CPU for each certificate/,
    ],
    ['an RSA intermediate costs more', mesh('key: ec:P-256', 'key: rsa:3072'), /RSA-3072 signature costs/],
    ['RSA-2048 is valid past 2030', mesh('key: ec:P-256', 'key: rsa:2048').replace('365d', '1800d'), /past 2030/],
    ['classical keys are valid past 2035', root, /^root\.lifetime: valid past 2035/],
    [
      'a root is weaker than what it vouches for',
      changed('key: ec:P-384', 'key: rsa:2048'),
      /rsa:2048 is weaker than ec:P-256/,
    ],
    ['a successor could not live as long', changed('lifetime: 365d', 'lifetime: 1900d'), /more than half of its root/],
    ['clients cannot verify Ed25519 everywhere', mesh('key: ec:P-256', 'key: ed25519'), /does not verify Ed25519/],
  ];
  it.each(hints)('warns that %s', (_, text, sentence) => {
    expect(warnings(text)).toContainEqual(expect.stringMatching(sentence));
  });

  it('does not warn of a P-256 intermediate for a year', () => {
    expect(warnings(root).filter((each) => each.startsWith('intermediates'))).toEqual([]);
  });
});
