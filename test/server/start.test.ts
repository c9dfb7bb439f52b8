import { expect, it } from 'vitest';
import { TestHome } from '#test/support/home.ts';
import { NotStarted, ServerProcess } from '#test/support/server-process.ts';
import { testAuthority } from '#test/support/software-ca.ts';

/** Why a server does not start on this home. */
async function failure(home: TestHome): Promise<NotStarted> {
  try {
    await using server = await ServerProcess.start(home);
    throw new Error(`it serves at ${server.istio.port}`);
  } catch (thrown) {
    if (thrown instanceof NotStarted) return thrown;
    throw thrown;
  }
}

it('P-17: a chain that makes no issuer of SVIDs stops the start with exit code 3, naming field, file and fault', async () => {
  using home = new TestHome();
  const { root } = home;
  const other = testAuthority({ commonName: 'Other mesh', issuer: root, trustDomain: 'other.example' });
  home.write('issuers/mesh.pem', other.pem);
  home.write('issuers/mesh.key', other.keyPem, 0o600);
  const { ended, stderr } = await failure(home);
  expect(ended.code).toBe(3);
  expect(stderr).toContain(`certificate (${home.path('issuers/mesh.pem')}), under roots (${home.path('roots.pem')})`);
  expect(stderr).toContain('is for spiffe://other.example; it must be for spiffe://cluster.local');
});
