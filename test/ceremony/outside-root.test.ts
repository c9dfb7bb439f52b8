import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { installChain } from '#ceremony/install.ts';
import type { CeremonyPlan } from '#ceremony/plan.ts';
import type { CeremonyFact } from '#ceremony/ports.ts';
import { requestIntermediate } from '#ceremony/request.ts';
import { durableShelf } from '#keys/durable-shelf.ts';
import { describeWith } from '#test/oracles.ts';
import {
  type Authority,
  answer,
  badIssuers,
  ca,
  constraints,
  enterpriseRoot,
  newKey,
  pemOf,
  policyCa,
} from './enterprise.ts';
import { openStores, systemClock, systemEntropy, testPlan } from './setting.ts';

/** The file that ships, with its root left out and the intermediate's key in an encrypted file: no token is needed. */
const outside = (text: string) =>
  text
    .replace(/^token:\n(?: .*\n)+/m, 'software:\n  passphrase: { file: secrets/passphrase }\n')
    .replace(/^root:\n(?: .*\n)+/m, '')
    .replace(/^ {4}keyIn: hsm/m, '    keyIn: software');

describeWith(['openssl'], 'an enterprise root that we never touch', (path) => {
  const home = mkdtempSync(join(tmpdir(), 'countersign-outside-'));
  const facts: CeremonyFact[] = [];
  const held: { plan?: CeremonyPlan; root?: Authority; csr?: string } = {};
  const must = <Value>(value: Value | undefined): Value => {
    if (value === undefined) throw new Error('not set up');
    return value;
  };
  const tools = async () => ({
    stores: await openStores(must(held.plan)),
    shelf: durableShelf,
    clock: systemClock,
    entropy: systemEntropy,
    record: async (fact: CeremonyFact) => void facts.push(fact),
  });
  const install = async (chain: string, roots?: string) =>
    installChain(must(held.plan), 'quickstart-mesh', roots === undefined ? { chain } : { chain, roots }, await tools());
  const file = (name: string) => join(home, 'ca', name);

  beforeAll(async () => {
    writeFileSync(join(home, 'pin'), '1234\n', { mode: 0o600 });
    held.plan = testPlan(home, outside);
    held.root = await enterpriseRoot();
    held.csr = (await requestIntermediate(must(held.plan), 'quickstart-mesh', await tools())).csr;
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  it('gets a request that OpenSSL verifies, with the extensions of an issuing CA', () => {
    const text = execFileSync(
      path('openssl'),
      ['req', '-in', file('quickstart-mesh.csr.pem'), '-verify', '-noout', '-text'],
      {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    for (const part of ['CA:TRUE, pathlen:0', 'Certificate Sign, CRL Sign', 'URI:spiffe://cluster.local']) {
      expect(text).toContain(part);
    }
  });

  it('gets the same request when asked again, for the same key', async () => {
    const again = await requestIntermediate(must(held.plan), 'quickstart-mesh', await tools());
    expect(again.csr).toBe(held.csr);
    expect(again.keyWas).toBe('found');
  });

  it('refuses to request what the file does not plan', async () => {
    await expect(requestIntermediate(must(held.plan), 'other', await tools())).rejects.toThrow(
      /plans no intermediate other; it plans quickstart-mesh/,
    );
  });

  it.each(badIssuers)('refuses a certificate that %s, and changes nothing', async (_, sentence, variation) => {
    const root = must(held.root);
    const chain = (await answer(root, must(held.csr), variation)) + pemOf(root);
    const before = readFileSync(file('ceremony.journal'), 'utf8');
    await expect(install(chain)).rejects.toMatchObject({ code: 'chain', message: expect.stringMatching(sentence) });
    expect(readFileSync(file('ceremony.journal'), 'utf8')).toBe(before);
  });

  it('refuses a certificate for another key', async () => {
    const root = must(held.root);
    const chain = (await answer(root, must(held.csr), { publicKey: await newKey() })) + pemOf(root);
    await expect(install(chain)).rejects.toThrow(/no certificate in it is for our key/);
  });

  it('refuses a certificate signed by another root of the same name', async () => {
    const chain = (await answer(await enterpriseRoot(), must(held.csr))) + pemOf(must(held.root));
    await expect(install(chain)).rejects.toThrow(/the chain is not taken/);
  });

  it('refuses a chain through a CA that may have none below it', async () => {
    const root = must(held.root);
    const policy = await policyCa(root, 0);
    const chain = (await answer(policy, must(held.csr))) + pemOf(policy) + pemOf(root);
    await expect(install(chain)).rejects.toThrow(/the chain is not taken: .*Policy CA/);
  });

  it('refuses a chain without its root, without the CA between, and text that is no chain', async () => {
    const root = must(held.root);
    const policy = await policyCa(root);
    await expect(install(await answer(root, must(held.csr)))).rejects.toThrow(/ends without a root; add the root/);
    await expect(install((await answer(policy, must(held.csr))) + pemOf(root))).rejects.toThrow(
      /the chain is not taken/,
    );
    await expect(install('see attachment')).rejects.toThrow(/the chain cannot be read: .*line 1/);
  });

  it('P-10: takes URI name constraints that allow our names, and warns that ztunnel refuses them', async () => {
    const root = must(held.root);
    const extra = [constraints(6, 'cluster.local')];
    const { warnings } = await install((await answer(root, must(held.csr), { extra })) + pemOf(root));
    expect(warnings.join('\n')).toMatch(/constrains URIs, and ztunnel \(ambient\) refuses every chain/);
  });

  it('warns of a certificate that allows CAs below it', async () => {
    const root = must(held.root);
    const chain = (await answer(root, must(held.csr), { basicConstraints: ca() })) + pemOf(root);
    expect((await install(chain)).warnings.join('\n')).toMatch(/pathLenConstraint is not 0/);
  });

  it('takes a good chain in any order, issuer first and root apart, and OpenSSL agrees', async () => {
    const root = must(held.root);
    const policy = await policyCa(root, 1);
    const chain = pemOf(root) + pemOf(policy) + (await answer(policy, must(held.csr)));
    const outcome = await install(chain);
    expect(outcome.warnings).toEqual([]);
    expect(outcome.path.map(({ subjectText }) => subjectText)).toEqual([
      'O=Countersign, CN=Quickstart mesh CA',
      expect.stringContaining('Policy CA'),
    ]);
    expect(readFileSync(outcome.rootsPath, 'utf8').match(/BEGIN CERTIFICATE/g)).toHaveLength(1);
    expect(readFileSync(outcome.certificatePath, 'utf8').match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    const verdict = execFileSync(
      path('openssl'),
      ['verify', '-CAfile', outcome.rootsPath, '-untrusted', outcome.certificatePath, outcome.certificatePath],
      { encoding: 'utf8' },
    );
    expect(verdict).toMatch(/: OK/);
    expect(facts.at(-1)?.type).toBe('issuer.installed');
    const count = facts.length;
    expect((await install(chain)).unchanged).toBe(true);
    expect(facts).toHaveLength(count);
  });

  it('takes a chain whose root is named apart', async () => {
    const root = must(held.root);
    const outcome = await install(await answer(root, must(held.csr)), pemOf(root));
    expect(outcome.root.subjectText).toContain('Enterprise root');
  });

  it('writes files again that were lost after the journal had taken the chain', async () => {
    const root = must(held.root);
    const chain = (await answer(root, must(held.csr))) + pemOf(root);
    const { certificatePath } = await install(chain);
    rmSync(certificatePath);
    expect((await install(chain)).unchanged).toBe(true);
    expect(readFileSync(certificatePath, 'utf8')).toMatch(/BEGIN CERTIFICATE/);
  });
});
