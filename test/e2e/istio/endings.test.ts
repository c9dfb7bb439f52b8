import { createHash, X509Certificate } from 'node:crypto';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it } from 'vitest';
import type { Agent } from '#test/support/agent.ts';
import { countEnds, recordsOf } from '#test/support/records.ts';
import { p256Request } from '#test/support/requests.ts';
import { HeldKeys } from './held-keys.ts';
import { identityOf, Mesh, member } from './mesh.ts';

const csrs = Array.from({ length: 8 }, () => p256Request(identityOf('load')).csr);
const hashOf = (pem: string) => createHash('sha256').update(new X509Certificate(pem).raw).digest('hex');

interface Held {
  /** SHA-256 of each certificate that a client got. */
  readonly certificates: Set<string>;
  /** Answers with a status that is not OK, but for the end of the connection. */
  readonly refusals: string[];
}

/** Asks without pause on one connection, until `enough` or until the server ends it. */
async function load(agent: Agent, token: string, held: Held, enough: () => boolean = () => false): Promise<void> {
  for (let n = 0; agent.open && !enough(); n++) {
    const { code, message, chain } = await agent.call({ csr: csrs[n % csrs.length] ?? '', token });
    if (chain[0] !== undefined) held.certificates.add(hashOf(chain[0]));
    else if (message !== 'the connection ended' && message !== 'the connection is closed')
      held.refusals.push(`${code} ${message}`);
  }
}

function tcp(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connectTcp(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve('connected');
    });
    socket.once('error', (error) => resolve('code' in error ? String(error.code) : error.message));
  });
}

const issuedHashes = (mesh: Mesh) =>
  new Set(
    mesh
      .all()
      .filter(({ type }) => type === 'certificate.issued')
      .map(({ certificate }) => member(certificate, 'sha256')),
  );

describe('a renewal of the serving certificate', () => {
  it('Istio 8, 23: under load breaks no open connection, refuses no new one, and is on the record', async () => {
    // 10 s after the start: no renewal comes sooner, however short the life
    const serving = { dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], lifetime: '5m', renewAt: 0.1 };
    await using mesh = await Mesh.start({
      config: { istio: { listen: '127.0.0.1:0', serving }, telemetry: { logs: { level: 'warn', format: 'json' } } },
    });
    const held: Held = { certificates: new Set(), refusals: [] };
    const agents = await Promise.all([mesh.connect(), mesh.connect()]);
    let connections = 0;
    const shown = new Set<string>();
    let after = 0;
    const lanes = agents.map((agent) => load(agent, mesh.token('load'), held, () => after >= 20));
    while (after < 20) {
      const { fingerprint, alpn } = await handshake(mesh);
      shown.add(fingerprint);
      expect(alpn).toBe('h2');
      const { answer } = await mesh.ask({ csr: csrs[0] ?? '', token: mesh.token('load') });
      expect(answer).toMatchObject({ code: 0 });
      held.certificates.add(hashOf(answer.chain[0] ?? ''));
      connections++;
      if (shown.size > 1) after++;
    }
    await Promise.all(lanes);
    expect(agents.map(({ open, toldToGo }) => ({ open, toldToGo }))).toEqual([stays, stays]);
    for (const agent of agents) agent[Symbol.dispose]();
    await mesh.server.stop();
    expect({ refusals: held.refusals, shown: shown.size }).toEqual({ refusals: [], shown: 2 });
    expect(connections).toBeGreaterThan(20);
    expect(issuedHashes(mesh)).toEqual(held.certificates);
    const own = recordsOf(mesh.home).filter(({ type, door }) => type === 'certificate.issued' && door === 'internal');
    expect(new Set(own.map(({ certificate }) => member(certificate, 'sha256')))).toEqual(shown);
    expect(new Set(own.map(({ certificate }) => member(member(certificate, 'key'), 'spkiSha256'))).size).toBe(2);
  });
});

const stays = { open: true, toldToGo: false };

/** What a client sees of the door before it asks for anything. */
function handshake(mesh: Mesh): Promise<{ readonly fingerprint: string; readonly alpn: string | false | null }> {
  const { host, port } = mesh.server.istio;
  return new Promise((resolve, reject) => {
    const options = { host, port, ca: mesh.home.root.pem, servername: 'localhost', ALPNProtocols: ['h2'] };
    const socket = connectTls(options, () => {
      const leaf = socket.getPeerX509Certificate();
      resolve({ fingerprint: leaf === undefined ? '' : hashOf(leaf.toString()), alpn: socket.alpnProtocol });
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

describe('SIGTERM', () => {
  it('Istio 91: under load: not ready, no new connections, calls in flight finish, nothing issued is lost, exit 0', async () => {
    await using keys = await HeldKeys.start();
    await using mesh = await Mesh.start({ config: { authenticators: keys.authenticators() } });
    const { server } = mesh;
    const held: Held = { certificates: new Set(), refusals: [] };
    const agents = await Promise.all(Array.from({ length: 4 }, () => mesh.connect()));
    const lanes = agents.flatMap((agent) => [1, 2, 3, 4].map(() => load(agent, mesh.token('load'), held)));
    const waiting = await mesh.connect();
    const inFlight = [1, 2, 3].map(() => waiting.begin({ csr: p256Request().csr, token: keys.token('web') }));
    while (held.certificates.size < 200) await waiting.ping();
    expect((await server.get('/readyz')).status).toBe(200);

    server.signal('SIGTERM');
    await server.said(/"draining"/);
    expect((await server.get('/readyz')).status).toBe(503);
    expect((await server.get('/metrics')).status).toBe(200);
    await Promise.all(lanes);
    expect(await tcp(server.istio.port)).toBe('ECONNREFUSED');
    keys.release();
    for (const { answer } of inFlight) {
      const { code, chain } = await answer;
      expect(code).toBe(0);
      held.certificates.add(hashOf(chain[0] ?? ''));
    }
    expect(await server.ended).toEqual({ code: 0, signal: null });
    expect(held.refusals).toEqual([]);
    expect(held.certificates.size).toBeGreaterThan(200);
    expect(issuedHashes(mesh)).toEqual(held.certificates);
  });

  it('Istio 91: what hangs longer than the grace is cut, on the record once, and the exit is still 0', async () => {
    await using keys = await HeldKeys.start();
    const config = { authenticators: keys.authenticators(), shutdown: { grace: '1s' } };
    await using mesh = await Mesh.start({ config });
    const waiting = await mesh.connect();
    const { answer } = waiting.begin({ csr: p256Request().csr, token: keys.token('web') });
    await waiting.ping();
    mesh.server.signal('SIGTERM');
    expect((await answer).code).toBe(14);
    keys.release();
    expect(await mesh.server.ended).toEqual({ code: 0, signal: null });
    expect(countEnds(mesh.all())).toEqual({ 'certificate.failed cancelled': 1 });
  });
});
