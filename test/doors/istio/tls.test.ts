import { X509Certificate } from 'node:crypto';
import { connect as connectTcp } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { status } from '@grpc/grpc-js';
import { beforeAll, describe, expect, it } from 'vitest';
import { IstioDoor } from '#doors/istio/door.ts';
import { fakeIssuance, type Mesh, makeMesh, openDoor, servingOf, trustDomain, tsClient, webId } from './fixture.ts';
import { issue, type Keyed, type LeafWish, makeRoot } from './pki.ts';

let mesh: Mesh;
beforeAll(async () => {
  mesh = await makeMesh();
});

function handshake(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      port,
      host: '127.0.0.1',
      servername: 'localhost',
      ca: mesh.root.pem,
      ALPNProtocols: ['h2'],
      ...options,
    });
    socket.once('secureConnect', () => resolve(socket));
    socket.once('error', reject);
  });
}

describe('TLS of the door', () => {
  it('Istio 8: ALPN h2 is negotiated, also after the certificate was renewed', async () => {
    await using open = await openDoor(mesh);
    for (let round = 0; round < 2; round++) {
      const socket = await handshake(open.port);
      expect(socket.alpnProtocol).toBe('h2');
      socket.destroy();
      open.door.setServingCertificate(servingOf(mesh));
    }
  });

  it.each([
    ['http/1.1 only', ['http/1.1']],
    ['no ALPN', undefined],
  ])('Istio 8: a client with %s is not served', async (_, protocols) => {
    await using open = await openDoor(mesh);
    const served = await handshake(open.port, { ALPNProtocols: protocols }).then(
      (socket) =>
        new Promise<string>((resolve) => {
          socket.on('data', () => resolve('answered'));
          socket.on('close', () => resolve('closed'));
          socket.on('error', () => resolve('closed'));
          socket.write('GET / HTTP/1.1\r\n\r\n');
        }),
      () => 'refused',
    );
    expect(served).not.toBe('answered');
  });

  it('Istio 11: plaintext HTTP/2 is not answered', async () => {
    await using open = await openDoor(mesh);
    const answer = await new Promise<Buffer>((resolve) => {
      const chunks: Buffer[] = [];
      const socket = connectTcp(open.port, '127.0.0.1', () => socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'));
      socket.on('data', (chunk) => chunks.push(Buffer.from(chunk)));
      socket.on('error', () => {});
      socket.on('close', () => resolve(Buffer.concat(chunks)));
    });
    // at most a TLS alert record
    expect([undefined, 0x15]).toContain(answer[0]);
  });

  const pairs = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384'].flatMap((suite) =>
    ['X25519', 'P-256', 'P-384', 'X25519MLKEM768'].map((group) => [suite, group] as const),
  );
  it.each(pairs)('Istio 13, 15, 16: TLS 1.3 with %s and %s alone', async (suite, group) => {
    await using open = await openDoor(mesh);
    const socket = await handshake(open.port, { minVersion: 'TLSv1.3', ciphers: suite, ecdhCurve: group });
    expect(socket.getCipher().standardName).toBe(suite);
    socket.destroy();
  });

  it.each(['TLSv1', 'TLSv1.1'] as const)('Istio 17: %s is refused', async (version) => {
    await using open = await openDoor(mesh);
    const old = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    await expect(handshake(open.port, old)).rejects.toThrow(/protocol version|unsupported protocol/i);
  });

  it('Istio 18, 20: leaf and intermediate are presented, and a client without certificate is welcome', async () => {
    await using open = await openDoor(mesh);
    const socket = await handshake(open.port);
    const leaf = socket.getPeerX509Certificate();
    expect(leaf?.subject).toBe('CN=door');
    expect(leaf?.issuerCertificate?.subject).toBe('CN=mesh intermediate');
    expect(socket.authorized).toBe(true);
    socket.destroy();
  });

  it('Istio 16: a group that this TLS library does not have stops the start, by name', () => {
    const build = () =>
      new IstioDoor({ issuance: fakeIssuance(mesh), dialect: 'istiod', trustDomain, tls: { groups: ['NoSuchGroup'] } });
    expect(build).toThrow(/NoSuchGroup/);
  });

  it('does not start without a serving certificate', async () => {
    const door = new IstioDoor({ issuance: fakeIssuance(mesh), dialect: 'istiod', trustDomain });
    await expect(door.start({ host: '127.0.0.1', port: 0 })).rejects.toThrow('no serving certificate');
    expect(door.ready).toBe(false);
  });
});

describe('renewal of the serving certificate', () => {
  it('Istio 23: open connections go on, new ones see the new certificate', async () => {
    await using open = await openDoor(mesh);
    using before = tsClient(open);
    expect((await before.call()).code).toBe(status.OK);
    const renewed = await issue(mesh.intermediate, 'renewed door', { dns: ['localhost'], ips: ['127.0.0.1'] });
    open.door.setServingCertificate({ key: renewed.keyPem, chain: renewed.pem + mesh.intermediate.pem });
    expect((await before.call()).code).toBe(status.OK);
    const socket = await handshake(open.port);
    expect(socket.getPeerX509Certificate()?.subject).toBe('CN=renewed door');
    socket.destroy();
  });

  it('Istio 23: key and chain that do not belong together change nothing', async () => {
    await using open = await openDoor(mesh);
    const wrong = { key: mesh.workload.keyPem, chain: mesh.serving.pem };
    expect(() => open.door.setServingCertificate(wrong)).toThrow(/key values mismatch/);
    const socket = await handshake(open.port);
    expect(socket.getPeerX509Certificate()?.subject).toBe('CN=door');
    socket.destroy();
    using client = tsClient(open);
    expect((await client.call()).code).toBe(status.OK);
  });

  it('Istio 24: during a rotation of the roots clients of the old and of the new one are served', async () => {
    await using open = await openDoor(mesh);
    const other = await makeMesh();
    open.door.setClientRoots(mesh.root.pem + other.root.pem);
    using old = tsClient(open, mesh.workload);
    expect((await old.call()).code).toBe(status.OK);
    open.door.setServingCertificate(servingOf(other));
    using fresh = tsClient({ port: open.port, mesh: other }, other.workload);
    expect((await fresh.call()).code).toBe(status.OK);
  });
});

describe('a client certificate', () => {
  const hour = 3_600_000;
  const refused: readonly (readonly [string, LeafWish])[] = [
    ['has no URI SAN', { dns: ['web.demo'] }],
    ['has two URI SANs', { uris: [webId, 'spiffe://cluster.local/ns/demo/sa/db'] }],
    ['is of another trust domain', { uris: ['spiffe://other.local/ns/demo/sa/web'] }],
    ['has a URI that is no SPIFFE ID', { uris: ['https://cluster.local/ns/demo/sa/web'] }],
    ['has a SPIFFE ID without a path', { uris: ['spiffe://cluster.local'] }],
    [
      'is expired',
      { uris: [webId], notBefore: new Date(Date.now() - 2 * hour), notAfter: new Date(Date.now() - hour) },
    ],
    [
      'is not valid yet',
      { uris: [webId], notBefore: new Date(Date.now() + hour), notAfter: new Date(Date.now() + 2 * hour) },
    ],
    ['is a CA', { uris: [webId], ca: true }],
    ['hides a URI in a DNS name', { dns: [`a, URI:${webId}`] }],
  ];

  it.each(refused)('Istio 22: one that %s loses its connection', async (_, wish) => {
    await using open = await openDoor(mesh);
    using client = tsClient(open, await issue(mesh.intermediate, 'client', wish));
    expect((await client.call()).code).toBe(status.UNAVAILABLE);
    expect(open.issuance.requests).toHaveLength(0);
  });

  it('Istio 22: one that does not chain to the mesh roots loses its connection', async () => {
    await using open = await openDoor(mesh);
    const stranger = await issue(await makeRoot('mesh root'), 'client', { uris: [webId] });
    using client = tsClient(open, stranger);
    expect((await client.call()).code).toBe(status.UNAVAILABLE);
    expect(open.issuance.requests).toHaveLength(0);
  });

  it('Istio 22: before any roots are known, and after they changed, one of unknown roots loses its connection', async () => {
    const issuance = fakeIssuance(mesh);
    const door = new IstioDoor({ issuance, dialect: 'istiod', trustDomain });
    door.setServingCertificate(servingOf(mesh));
    const { port } = await door.start({ host: '127.0.0.1', port: 0 });
    const ask = async () => {
      using client = tsClient({ port, mesh }, mesh.workload);
      return (await client.call()).code;
    };
    expect(await ask()).toBe(status.UNAVAILABLE);
    door.setClientRoots(mesh.root.pem);
    expect(await ask()).toBe(status.OK);
    door.setClientRoots((await makeRoot('another')).pem);
    expect(await ask()).toBe(status.UNAVAILABLE);
    await door.drain(0);
  });

  it('Istio 42, 44: a good one arrives as evidence, as it was sent, leaf first', async () => {
    await using open = await openDoor(mesh);
    const both = await issue(mesh.intermediate, 'client', { uris: [webId], dns: ['web.demo'] });
    using client = tsClient(open, both);
    expect((await client.call()).code).toBe(status.OK);
    const chain = open.issuance.requests[0]?.evidence.clientCertificate ?? [];
    expect(chain.map((der) => new X509Certificate(der).subject)).toEqual(['CN=client', 'CN=mesh intermediate']);
  });

  it('Istio 25: no session is ever resumed, in either version, so each connection is checked', async () => {
    await using open = await openDoor(mesh);
    const identity = { key: mesh.workload.keyPem, cert: mesh.workload.pem + mesh.intermediate.pem };
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const fixed = { minVersion: version, maxVersion: version, ...identity };
      const first = await handshake(open.port, fixed);
      const sessions: Buffer[] = [];
      first.on('session', (session) => sessions.push(session));
      await new Promise((resolve) => first.once('data', resolve));
      const session = sessions.at(-1) ?? first.getSession();
      first.destroy();
      const again = await handshake(open.port, { ...fixed, ...(session && { session }) });
      expect(again.isSessionReused(), version).toBe(false);
      again.destroy();
    }
  });

  it('each call carries the certificate of its own connection', async () => {
    await using open = await openDoor(mesh);
    const names: Keyed[] = [];
    for (const name of ['a', 'b', 'c']) {
      names.push(await issue(mesh.intermediate, name, { uris: [`spiffe://cluster.local/ns/demo/sa/${name}`] }));
    }
    const clients = [undefined, ...names].map((identity) => tsClient(open, identity));
    for (const client of [...clients, ...clients]) await client.call();
    const seen = open.issuance.requests.map(({ evidence }) => {
      const leaf = evidence.clientCertificate?.[0];
      return leaf === undefined ? undefined : new X509Certificate(leaf).subject;
    });
    const expected = [undefined, 'CN=a', 'CN=b', 'CN=c'];
    expect(seen).toEqual([...expected, ...expected]);
    for (const client of clients) client[Symbol.dispose]();
  });
});
