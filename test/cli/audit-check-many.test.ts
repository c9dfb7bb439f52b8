import { hash, X509Certificate } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AuditEvent } from '#audit/event.ts';
import { deniedEvent, issuedEvent } from '#test/audit/example-event.ts';
import { issue, type Keyed, makeRoot } from '#test/doors/istio/pki.ts';
import { publishedHome } from './exported-log.ts';
import { countersign, parsed, scratch } from './run-cli.ts';
import { here } from './run-here.ts';

const folder = scratch();
const home = join(folder, 'home');
const at = (...names: string[]) => join(folder, ...names);
const identity = 'spiffe://cluster.local/ns/pay/sa/api';

const derOf = (pem: string) => new X509Certificate(pem).raw;
const sha256Of = (pem: string) => hash('sha256', derOf(pem), 'hex');
let leaves: Readonly<Record<'logged' | 'behind' | 'foreign' | 'refused', Keyed>>;

const recordOf = (n: number, pem: string): AuditEvent => ({
  ...issuedEvent(n),
  certificate: { identity, serial: 'ab', sha256: sha256Of(pem) },
});

beforeAll(async () => {
  const [ours, theirs] = [await makeRoot('ours'), await makeRoot('theirs')];
  const leaf = (by: Keyed) => issue(by, 'leaf', { uris: [identity] });
  leaves = {
    logged: await leaf(ours),
    behind: await leaf(ours),
    foreign: await leaf(theirs),
    refused: await leaf(ours),
  };
  const { logged, behind, foreign, refused } = leaves;
  // that a record names it does not mean that it was issued
  const named = { ...deniedEvent(2), certificate: { sha256: sha256Of(refused.pem) } };
  await publishedHome(home, [issuedEvent(0), recordOf(1, logged.pem), named, issuedEvent(3)]);
  mkdirSync(join(home, 'issuers'));
  writeFileSync(join(home, 'issuers', 'mesh.pem'), ours.pem);
  mkdirSync(at('seen', 'deeper'), { recursive: true });
  writeFileSync(at('seen', 'chain.pem'), logged.pem + ours.pem);
  writeFileSync(at('seen', 'bundle.pem'), foreign.pem + logged.pem + theirs.pem);
  writeFileSync(at('seen', 'notes.txt'), 'nothing here');
  writeFileSync(at('seen', 'broken.pem'), '-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n');
  writeFileSync(at('seen', 'deeper', 'behind.der'), derOf(behind.pem));
});

describe('audit check of many certificates', () => {
  it('A-15: names the one of ours that the log does not hold, among all of a folder, and no other', async () => {
    const ran = await here(['audit', 'check', at('seen'), '--home', home, '--json']);
    expect(ran.code).toBe(1);
    expect(parsed(ran)).toMatchObject({
      logged: false,
      checked: 2,
      foreign: 3,
      unreadable: 1,
      unlogged: [{ sha256: sha256Of(leaves.behind.pem), file: at('seen/deeper/behind.der'), names: `URI:${identity}` }],
      found: [{ sha256: sha256Of(leaves.logged.pem), index: 1 }],
    });
    expect(ran.stderr).toMatch(
      /^NOT IN THE LOG {2}.*behind\.der {2}serial [0-9a-f]+ {2}URI:spiffe:.* {2}sha256 [0-9a-f]{64}\n$/,
    );
  });

  it('A-15: is content where the log holds all of ours', async () => {
    const files = [at('seen/chain.pem'), at('seen/bundle.pem')];
    expect(await here(['audit', 'check', ...files, '--home', home])).toEqual({
      code: 0,
      stdout: 'all in the log  1 certificate of ours, 4 entries; passed over: 3 of other issuers\n',
      stderr: '',
    });
  });

  it('A-15: a record that names a certificate and did not issue it is no proof of it', async () => {
    writeFileSync(at('refused.pem'), leaves.refused.pem);
    expect((await here(['audit', 'check', '--each', at('refused.pem'), '--home', home])).code).toBe(1);
  });

  it('takes what a network monitor pipes: certificates, or their SHA-256', async () => {
    const input = leaves.foreign.pem + leaves.logged.pem + leaves.behind.pem;
    const ran = await countersign(['audit', 'check', '--each', '-', '--home', home, '--json'], { input });
    expect(parsed(ran)).toMatchObject({ checked: 2, foreign: 1, unlogged: [{ file: 'stdin' }] });
    const lines = [leaves.logged, leaves.behind].map(({ pem }) => new X509Certificate(pem).fingerprint256);
    const hashed = await countersign(['audit', 'check', '--hashes', '-', '--home', home, '--json'], {
      input: `${lines.join('\n')}\n`,
    });
    expect(parsed(hashed)).toMatchObject({ checked: 2, unlogged: [{ file: 'stdin:2' }] });
    expect(hashed.code).toBe(1);
  });

  it('holds certificates against the issuers that are named; without any all count', async () => {
    writeFileSync(at('theirs.pem'), leaves.foreign.pem);
    const words = ['audit', 'check', '--each', at('theirs.pem'), '--json', '--log', join(home, 'audit/log')];
    expect((await here([...words, '--home', at('nowhere')])).code).toBe(1);
    const named = await here([...words, '--home', at('nowhere'), '--issuer', join(home, 'issuers/mesh.pem')]);
    expect(parsed(named)).toMatchObject({ checked: 0, foreign: 1 });
    expect(named.code).toBe(0);
  });

  it.each([
    [['--hashes', 'seen/notes.txt'], 3, /notes\.txt:1: not a SHA-256/],
    [['--hashes', '-', 'seen/chain.pem'], 2, /not both/],
    [['--proof', 'p', 'seen'], 2, /--proof speaks of one certificate/],
    [['--issuer', 'seen/notes.txt', 'seen'], 3, /holds no certificate of an issuer/],
    [[], 2, /name a certificate/],
  ] as const)('%j is said to be wrong', async (words, code, message) => {
    const placed = words.map((word) => (word.startsWith('seen') ? at(word) : word));
    const ran = await here(['audit', 'check', ...placed, '--home', home]);
    expect(ran.code).toBe(code);
    expect(ran.stderr).toMatch(message);
  });
});
