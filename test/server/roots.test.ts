import { hash } from 'node:crypto';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { TestHome } from '#test/support/home.ts';
import { testAuthority } from '#test/support/software-ca.ts';
import { InProcess, quiet } from './in-process.ts';

const digest = (bytes: string | Uint8Array) => hash('sha256', bytes, 'hex');

describe('the roots of a running server', () => {
  let home: TestHome;
  const next = testAuthority({ commonName: 'Next root' });
  beforeEach(() => {
    home = new TestHome({ config: quiet });
  });
  afterEach(() => home[Symbol.dispose]());

  const changes = ({ records }: InProcess) => records.filter(({ type }) => type === 'trustbundle.changed');

  it('Istio 84: during a rotation the last element of the answer holds old and new, and the change is on the record', async () => {
    await using running = await InProcess.start(home);
    expect((await running.ask()).chain.at(-1)).toBe(home.root.pem);
    const both = home.root.pem + next.pem;
    home.write('roots.pem', both);
    await running.server.reload();
    expect((await running.ask()).chain.at(-1)).toBe(both);
    expect(changes(running)).toMatchObject([
      {
        outcome: 'success',
        actor: { user: 'operator', method: 'file' },
        change: {
          kind: 'trust-bundle',
          beforeSha256: digest(home.root.pem),
          afterSha256: digest(both),
          diff: { added: [digest(next.certificate)], removed: [] },
        },
      },
    ]);
  });

  it('Istio 99: a swap of the link that a Kubernetes volume is made of is seen without being asked', async () => {
    const volume = home.path('volume');
    for (const [version, roots] of [
      ['..1', home.root.pem],
      ['..2', home.root.pem + next.pem],
    ] as const) {
      mkdirSync(join(volume, version), { recursive: true });
      writeFileSync(join(volume, version, 'ca.pem'), roots);
    }
    symlinkSync('..1', join(volume, '..data'));
    symlinkSync(join('..data', 'ca.pem'), join(volume, 'ca.pem'));
    const [issuer] = home.config.issuers as readonly object[];
    home.write('countersign.yaml', stringify({ ...home.config, issuers: [{ ...issuer, roots: 'volume/ca.pem' }] }));
    await using running = await InProcess.start(home);
    symlinkSync('..2', join(volume, '..new'));
    renameSync(join(volume, '..new'), join(volume, '..data'));
    await vi.waitUntil(() => changes(running).length === 1, { timeout: 5_000 });
    await vi.waitUntil(async () => (await running.ask()).chain.at(-1) === home.root.pem + next.pem, { timeout: 5_000 });
  });

  it('K-65: a root that leaves the file stays for the configured overlap, after a restart too, and then goes on the record', async () => {
    const withOverlap = (overlap: string) =>
      home.write('countersign.yaml', stringify({ ...home.config, trustBundle: { overlap } }));
    home.write('roots.pem', next.pem + home.root.pem);
    withOverlap('1h');
    {
      await using running = await InProcess.start(home);
      home.write('roots.pem', home.root.pem);
      await running.server.reload();
      expect((await running.ask()).chain.at(-1)).toBe(home.root.pem + next.pem);
      expect(changes(running).at(-1)).toMatchObject({ change: { diff: { added: [], removed: [] } } });
    }
    {
      await using running = await InProcess.start(home);
      expect((await running.ask()).chain.at(-1)).toBe(home.root.pem + next.pem);
    }
    withOverlap('1s');
    await using running = await InProcess.start(home);
    await vi.waitUntil(async () => (await running.ask()).chain.at(-1) === home.root.pem, { timeout: 10_000 });
    const gone = { change: { diff: { added: [], removed: [digest(next.certificate)] } } };
    await vi.waitFor(() => expect(changes(running).at(-1)).toMatchObject(gone));
  });

  it.each([
    ['is empty', () => ''],
    ['is no PEM', () => 'roots'],
    ['is cut short', () => home.root.pem.slice(0, -40)],
    ['holds a certificate that is no CA', (leaf: string) => home.root.pem + leaf],
    ['lacks the root that our chain ends in', () => next.pem],
    ['holds a key', () => home.root.pem + home.root.keyPem],
  ])('Istio 99: a file that %s keeps the old bundle', async (_, broken) => {
    await using running = await InProcess.start(home);
    const [leaf = ''] = (await running.ask()).chain;
    home.write('roots.pem', broken(leaf));
    await running.server.reload();
    expect((await running.ask()).chain.at(-1)).toBe(home.root.pem);
    expect(changes(running)).toEqual([]);
    home.write('roots.pem', home.root.pem + next.pem);
    await running.server.reload();
    expect(changes(running)).toHaveLength(1);
  });

  it('the same certificates written otherwise are no change', async () => {
    await using running = await InProcess.start(home);
    home.write('roots.pem', `\n${home.root.pem}\n${home.root.pem}`);
    await running.server.reload();
    expect((await running.ask()).chain.at(-1)).toBe(home.root.pem);
    expect(changes(running)).toEqual([]);
  });
});
