import { X509Certificate } from 'node:crypto';
import { connect as tlsConnect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { Agent, type Answer, type Ask } from '#test/support/agent.ts';
import { TestHome } from '#test/support/home.ts';
import { askGo, askOpenssl, askPeculiar, derOf, type Judged } from '#test/support/judges.ts';
import { newRequest, requestWith, type WorkloadRequest, web } from '#test/support/requests.ts';
import { ServerProcess } from '#test/support/server-process.ts';
import { readCertificate } from '#x509/certificate.ts';

/** What agents and ztunnels ask, over both proofs; `ttl` in seconds. */
const wishes = [
  { name: 'an agent with RSA-2048', kind: 'rsa:2048', by: 'token', ttl: 86_400 },
  { name: 'an agent with RSA-3072', kind: 'rsa:3072', by: 'token', ttl: 3600 },
  { name: 'an agent with RSA-4096', kind: 'rsa:4096', by: 'token', ttl: 3600 },
  { name: 'an agent with P-256', kind: 'ec:P-256', by: 'token', ttl: 3600 },
  { name: 'an agent with P-384', kind: 'ec:P-384', by: 'token', ttl: 3600 },
  { name: 'a workload with Ed25519', kind: 'ed25519', by: 'token', ttl: 3600 },
  { name: 'one who names no lifetime', kind: 'ec:P-256', by: 'token', ttl: 0 },
  { name: 'one who asks for a negative lifetime', kind: 'ec:P-256', by: 'token', ttl: -5 },
  { name: 'one who asks for the least int64', kind: 'ec:P-256', by: 'token', ttl: '-9223372036854775808' },
  { name: 'one who asks for a second', kind: 'ec:P-256', by: 'token', ttl: 1 },
  { name: 'a renewal by its own certificate', kind: 'ec:P-256', by: 'certificate', ttl: 3600 },
  { name: 'a renewal on RSA-2048', kind: 'rsa:2048', by: 'certificate', ttl: 3600 },
] as const;

interface Issued extends Judged {
  readonly wish: (typeof wishes)[number];
  readonly request: WorkloadRequest;
  readonly askedAt: number;
}

const seconds = () => Math.floor(Date.now() / 1000);

describe('a certificate from the running server', () => {
  let home: TestHome;
  let server: ServerProcess;
  const issued: Issued[] = [];
  const roots = () => home.root.pem;
  const connect = (identity?: { chain: string; key: string }) =>
    Agent.connect({ port: server.istio.port, roots: roots(), ...(identity && { identity }) });
  const demoToken = () => home.tokens.token('demo', 'web');

  async function granted(agent: Agent, ask: Ask): Promise<Answer> {
    const answer = await agent.call(ask);
    expect(answer).toMatchObject({ code: 0, message: '' });
    return answer;
  }

  beforeAll(async () => {
    home = new TestHome();
    server = await ServerProcess.start(home);
    using plain = await connect();
    const own = await newRequest('ec:P-256');
    const first = await granted(plain, { csr: own.csr, token: demoToken() });
    using renewing = await connect({ chain: first.chain.slice(0, -1).join(''), key: own.keyPem });
    for (const wish of wishes) {
      const request = await newRequest(wish.kind);
      const ask = { csr: request.csr, validity_duration: String(wish.ttl) };
      const askedAt = seconds();
      const { chain } =
        wish.by === 'token' ? await granted(plain, { ...ask, token: demoToken() }) : await granted(renewing, ask);
      issued.push({ name: wish.name, wish, request, askedAt, chain });
    }
  });
  afterAll(async () => {
    await server.stop();
    home[Symbol.dispose]();
  });

  const each = (check: (one: Issued) => void | Promise<void>) => async () => {
    expect(issued).toHaveLength(wishes.length);
    for (const one of issued) await check(one);
  };
  const leafOf = ({ chain }: Judged) => readCertificate(derOf(chain[0] ?? ''));

  it(
    'Istio 61, 62, 63, 67, 68: is for the key of the CSR and the identity of the caller, and for nothing else',
    each(({ name, chain, request }) => {
      const leaf = new X509Certificate(chain[0] ?? '');
      const { key } = request;
      expect({ name, fits: leaf.checkPrivateKey(key), san: leaf.subjectAltName, subject: leaf.subject ?? '' }).toEqual({
        name,
        fits: true,
        san: `URI:${web}`,
        subject: '',
      });
      expect(leafOf({ name, chain }).uris).toEqual([web]);
    }),
  );

  it(
    'Istio 69, 71: has the usages of a workload, is no CA, and began at most two minutes ago',
    each((one) => {
      const leaf = leafOf(one);
      const isRsa = one.wish.kind.startsWith('rsa:');
      expect(leaf).toMatchObject({
        isCa: false,
        keyUsage: isRsa ? ['digitalSignature', 'keyEncipherment'] : ['digitalSignature'],
      });
      expect([...(leaf.extendedKeyUsage ?? [])].toSorted()).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
      expect(leaf.notBefore).toBeGreaterThanOrEqual(one.askedAt - 120);
      expect(leaf.notBefore).toBeLessThanOrEqual(seconds());
    }),
  );

  it(
    'Istio 73, 75, 76: lives as long as asked, by default a day, and never less than ztunnel can bear',
    each((one) => {
      const { notBefore, notAfter } = leafOf(one);
      const asked = Number(one.wish.ttl);
      const wanted = asked <= 0 ? 86_400 : Math.max(asked, 300);
      const lives = notAfter + 1 - (notBefore + 120);
      expect({ name: one.name, near: Math.abs(lives - wanted) <= 2 }).toEqual({ name: one.name, near: true });
      expect((notBefore + notAfter) / 2).toBeGreaterThan(one.askedAt + 60);
    }),
  );

  it(
    'Istio 72: ends before any CA of its chain',
    each((one) => {
      const cas = one.chain.slice(1).map((pem) => readCertificate(derOf(pem)));
      expect(Math.min(...cas.map(({ notAfter }) => notAfter))).toBeGreaterThanOrEqual(leafOf(one).notAfter);
    }),
  );

  it('Istio 70, P-4: has a serial of its own: positive, 20 octets, random', () => {
    const serials = issued.map((one) => leafOf(one).serialText);
    expect(new Set(serials).size).toBe(issued.length);
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9a-f]{39}$/);
  });

  it(
    'Istio 79, 80, 81, 82, 83: comes as leaf, issuer and the same root bundle each time, one PEM per element',
    each(({ chain }) => {
      expect(chain).toHaveLength(3);
      for (const element of chain)
        expect(element).toMatch(/^-----BEGIN CERTIFICATE-----\n[^-]+-----END CERTIFICATE-----\n$/);
      expect(chain.slice(1)).toEqual([home.intermediate.pem, roots()]);
    }),
  );

  it(
    'Istio 77: no CA of its chain has name constraints',
    each(({ chain }) => {
      for (const pem of chain.slice(1)) expect(readCertificate(derOf(pem)).nameConstraints).toBeUndefined();
    }),
  );

  it(
    'P-1, Istio 85: verifies in @peculiar/x509',
    each(async (one) => expect(await askPeculiar(one)).toBe(true)),
  );

  describeWith(['openssl'], 'in OpenSSL', (path) => {
    it(
      'P-1, Istio 85: verifies strictly, for servers and for clients',
      each((one) => expect(askOpenssl(path('openssl'), one)).toEqual(['leaf: OK\n', 'leaf: OK\n'])),
    );
  });

  describeWith(['go:certcheck'], 'in Go', (path) => {
    it('P-1, Istio 78, 85: verifies for servers and for clients, and reads as we read it', () => {
      const verdicts = askGo(path('go:certcheck'), issued);
      for (const [at, one] of issued.entries()) {
        const { serialText, notBefore, notAfter } = leafOf(one);
        expect({ name: one.name, ...verdicts[at] }).toMatchObject({
          name: one.name,
          error: '',
          verify: { serverAuth: '', clientAuth: '' },
          uris: [web],
          dns: null,
          serial: serialText,
          notBefore,
          notAfter,
          criticalUnknown: 0,
        });
      }
    });
  });

  it('Istio 18, 19: the server itself shows leaf and intermediate, with its names, for servers, not a CA', async () => {
    const { promise, resolve, reject } = Promise.withResolvers<X509Certificate | undefined>();
    const socket = tlsConnect(
      {
        host: server.istio.host,
        port: server.istio.port,
        ca: roots(),
        servername: 'istiod.istio-system.svc',
        ALPNProtocols: ['h2'],
      },
      () => resolve(socket.getPeerX509Certificate()),
    );
    socket.once('error', reject);
    const leaf = await promise;
    socket.destroy();
    expect(leaf?.subjectAltName).toBe('DNS:istiod.istio-system.svc, DNS:localhost, IP Address:127.0.0.1');
    expect(leaf?.ca).toBe(false);
    expect(leaf?.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(leaf?.issuerCertificate?.raw.equals(derOf(home.intermediate.pem))).toBe(true);
  });

  it('P-31: a CSR with a key of the CA or of the log is refused', async () => {
    using agent = await connect();
    const answers: Answer[] = [];
    for (const key of [home.intermediate.keyPem, home.logKeyPem]) {
      const kind = key === home.logKeyPem ? 'ed25519' : 'ec:P-256';
      answers.push(await agent.call({ csr: requestWith(key, kind).csr, token: demoToken() }));
    }
    expect(answers.map(({ code }) => code)).toEqual([3, 3]);
    for (const { message } of answers) expect(message).toMatch(/key/);
  });
});
