import { status } from '@grpc/grpc-js';
import { expect, it } from 'vitest';
import { installIssuer } from '#authority/install-issuer.ts';
import { LiveIssuers } from '#authority/issuers.ts';
import { loadConfig } from '#config/load.ts';
import { SoftwareSigner } from '#keys/software/signer.ts';
import { layFoundation } from '#server/foundation.ts';
import { openIstioDoor } from '#server/istio-door.ts';
import { fakeIssuance, makeMesh, servingOf, tsClient } from '#test/doors/istio/fixture.ts';
import { quietly, TestHome } from '#test/support/home.ts';

it('Istio 24: an issuer’s successor under another root brings that root along for client certificates', async () => {
  using home = new TestHome({ config: quietly });
  const foundation = layFoundation(loadConfig(home.path('countersign.yaml')).config);
  const [before, after] = await Promise.all([makeMesh(), makeMesh()]);
  const { live } = installIssuer(
    {
      name: 'mesh',
      chain: home.intermediate.pem,
      roots: home.root.pem,
      places: { chain: 'chain', roots: 'roots' },
      trustDomain: 'cluster.local',
      signer: SoftwareSigner.fromPem(home.intermediate.keyPem),
      keyKind: 'ec:P-256',
    },
    Date.now() / 1000,
  );
  const issuers = new LiveIssuers([{ ...live, roots: before.root.pem }], 'mesh');
  const door = openIstioDoor(foundation, fakeIssuance(before), issuers);
  door.setServingCertificate(servingOf(before));
  const { port } = await door.start({ host: '127.0.0.1', port: 0 });
  const ask = async ({ intermediate, workload }: typeof before) => {
    using client = tsClient({ port, mesh: { ...before, intermediate } }, workload);
    return (await client.call()).code;
  };
  expect([await ask(before), await ask(after)]).toEqual([status.OK, status.UNAVAILABLE]);
  issuers.replace({ ...live, roots: after.root.pem });
  expect([await ask(before), await ask(after)]).toEqual([status.UNAVAILABLE, status.OK]);
  await door.drain(0);
});
