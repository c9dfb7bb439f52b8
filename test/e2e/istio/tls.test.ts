import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { p256Request } from '#test/support/requests.ts';
import { Mesh } from './mesh.ts';

const suites = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384'];
const groups = ['X25519', 'P-256', 'P-384', 'X25519MLKEM768'];
const alone = suites.flatMap((suite) => groups.map((group) => ({ suite, group })));

describe.each(['ec:P-256', 'rsa:2048'])('TLS of the whole server, with a serving key of %s', (servingKey) => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await Mesh.start({ servingKey });
  });
  afterAll(() => mesh[Symbol.asyncDispose]());

  function handshake(options: ConnectionOptions = {}): Promise<TLSSocket> {
    const { host, port } = mesh.server.istio;
    const usual = { host, port, ca: mesh.home.root.pem, servername: 'localhost', ALPNProtocols: ['h2'] };
    return new Promise((resolve, reject) => {
      const socket = connect({ ...usual, ...options }, () => resolve(socket));
      socket.once('error', reject);
    });
  }

  it.each(alone)('Istio 13, 15, 16: TLS 1.3 with $suite and $group alone', async ({ suite, group }) => {
    const socket = await handshake({ minVersion: 'TLSv1.3', ciphers: suite, ecdhCurve: group });
    expect([socket.getCipher().standardName, socket.alpnProtocol, socket.authorized]).toEqual([suite, 'h2', true]);
    socket.destroy();
  });

  it.each(['AES128', 'AES256'])('Istio 14: TLS 1.2 with ECDHE, GCM, %s and P-256 alone', async (cipher) => {
    const kind = servingKey === 'rsa:2048' ? 'RSA' : 'ECDSA';
    const name = `ECDHE-${kind}-${cipher}-GCM-SHA${cipher === 'AES128' ? 256 : 384}`;
    const socket = await handshake({ maxVersion: 'TLSv1.2', ciphers: name, ecdhCurve: 'P-256' });
    expect([socket.getProtocol(), socket.getCipher().name]).toEqual(['TLSv1.2', name]);
    socket.destroy();
  });

  it.each(['TLSv1', 'TLSv1.1'] as const)('Istio 17: %s is refused', async (version) => {
    const old = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    await expect(handshake(old)).rejects.toThrow(/protocol version|unsupported protocol/i);
  });

  it('Istio 18, 19, 20: shows leaf and intermediate, each configured name, for servers, not a CA', async () => {
    const socket = await handshake();
    const leaf = socket.getPeerX509Certificate();
    socket.destroy();
    expect(socket.authorized).toBe(true);
    expect(leaf?.subjectAltName).toBe('DNS:istiod.istio-system.svc, DNS:localhost, IP Address:127.0.0.1');
    expect({ ca: leaf?.ca, purposes: leaf?.keyUsage }).toEqual({ ca: false, purposes: ['1.3.6.1.5.5.7.3.1'] });
    expect(leaf?.publicKey.asymmetricKeyType).toBe(servingKey === 'rsa:2048' ? 'rsa' : 'ec');
    expect(leaf?.issuerCertificate?.toString()).toBe(mesh.home.intermediate.pem);
  });

  it.each(['istiod.istio-system.svc', 'localhost'])('Istio 19: is %s to whoever expects that', async (servername) => {
    const socket = await handshake({ servername });
    expect(socket.authorized).toBe(true);
    socket.destroy();
    await expect(handshake({ servername: `not-${servername}` })).rejects.toThrow(/altnames/);
  });

  it('and after all of them an agent is served', async () => {
    expect((await mesh.ask({ csr: p256Request().csr, token: mesh.token() })).answer.code).toBe(0);
  });
});
