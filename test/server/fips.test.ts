import { connect } from 'node:tls';
import { expect, it } from 'vitest';
import { fipsTls } from '#server/fips.ts';
import { makeMesh, openDoor } from '#test/doors/istio/fixture.ts';

const groups: readonly [string, string][] = [
  ['X25519MLKEM768', 'served'],
  ['SecP256r1MLKEM768', 'served'],
  ['P-256', 'served'],
  ['P-384', 'served'],
  ['X25519', 'refused'],
  ['P-521', 'refused'],
];

it.each(groups)('Istio 16: at FIPS level "policy" a client that offers %s alone is %s', async (group, outcome) => {
  const mesh = await makeMesh();
  await using open = await openDoor(mesh, { tls: fipsTls });
  const came = await new Promise<string>((resolve) => {
    const socket = connect({
      host: '127.0.0.1',
      port: open.port,
      ca: mesh.root.pem,
      servername: 'localhost',
      ALPNProtocols: ['h2'],
      ecdhCurve: group,
      minVersion: 'TLSv1.3',
    });
    socket.once('secureConnect', () => {
      resolve('served');
      socket.destroy();
    });
    socket.once('error', () => resolve('refused'));
  });
  expect(came).toBe(outcome);
});
