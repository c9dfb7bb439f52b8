import { expect, it } from 'vitest';
import { countersign } from '#test/cli/run-cli.ts';
import { TestHome } from '#test/support/home.ts';
import { ServerProcess } from '#test/support/server-process.ts';
import { testAuthority } from '#test/support/software-ca.ts';

/** What a server that does not start says; one that does would serve on and fail the test by its time. */
const failure = (home: TestHome) => countersign(['serve', '--home', home.directory]);

it('P-17: a chain that makes no issuer of SVIDs stops the start with exit code 3, naming field, file and fault', async () => {
  using home = new TestHome();
  const { root } = home;
  const other = testAuthority({ commonName: 'Other mesh', issuer: root, trustDomain: 'other.example' });
  home.write('issuers/mesh.pem', other.pem);
  home.write('issuers/mesh.key', other.keyPem, 0o600);
  const { code, stderr } = await failure(home);
  expect(code).toBe(3);
  expect(stderr).toContain(`certificate (${home.path('issuers/mesh.pem')}), under roots (${home.path('roots.pem')})`);
  expect(stderr).toContain('is for spiffe://other.example; it must be for spiffe://cluster.local');
});

it('A-20: a store that belongs to another log stops the start with exit code 1; one that is in use, with 4', async () => {
  using home = new TestHome();
  await using server = await ServerProcess.start(home);
  const second = await failure(home);
  expect([second.code, second.stderr]).toEqual([4, expect.stringContaining('another')]);
  await server.stop();
  home.write(
    'countersign.yaml',
    JSON.stringify({ ...home.config, audit: { ...auditOf(home), origin: 'log.test/other' } }),
  );
  const foreign = await failure(home);
  expect([foreign.code, foreign.stderr]).toEqual([1, expect.stringContaining('log.test/mesh')]);
});

function auditOf({ config: { audit } }: TestHome): object {
  if (typeof audit !== 'object' || audit === null) throw new Error('the configuration has no log');
  return audit;
}
