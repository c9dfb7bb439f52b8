import { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { explain } from '#policy/explain.ts';
import { loadPolicySet } from '#policy/load.ts';
import { Refusal } from '#refusal/refusal.ts';
import { Agent, type Answer, type Ask } from '#test/support/agent.ts';
import { factsOfDer } from '#test/support/certificate-facts.ts';
import { repository, TestHome } from '#test/support/home.ts';
import { questionIn, surroundingsIn } from '#test/support/rebuild.ts';
import { replayed } from '#test/support/replayed.ts';
import { newRequest, p256Request, requestWith, web } from '#test/support/requests.ts';
import { buildCsr, san, uri } from '#test/x509/csr/build.ts';
import { toPem } from '#x509/pem.ts';
import { InProcess, quiet } from './in-process.ts';

const bank = 'spiffe://cluster.local/ns/demo/sa/bank';
const foreign = 'spiffe://other.example/ns/demo/sa/web';

/** What the leaf of an answer names. */
const namesIn = ({ chain }: Answer) => new X509Certificate(chain[0] ?? '').subjectAltName;

describe.each(['istiod', 'istio-csr'] as const)('a caller at the door in the dialect of %s', (dialect) => {
  let home: TestHome;
  let running: InProcess;
  const strict = dialect === 'istio-csr';

  beforeAll(async () => {
    home = new TestHome({ config: quiet, dialect });
    running = await InProcess.start(home);
  });
  afterAll(async () => {
    await running.close();
    home[Symbol.dispose]();
  });

  /** The record that a call left, beside its answer. */
  async function recorded(ask: Ask, as = running.ask.bind(running)) {
    const before = running.records.length;
    const answer = await as(ask);
    return { answer, record: running.records[before] };
  }
  const asWeb = async (ask: Ask): Promise<Answer> => {
    const own = p256Request();
    const first = await running.ask({ csr: own.csr });
    const identity = { chain: first.chain.slice(0, -1).join(''), key: own.keyPem };
    using agent = await Agent.connect({ port: running.server.istio.port, roots: home.root.pem, identity });
    return await agent.call(ask);
  };

  it.each([
    ['of another account', bank, 'identity.mismatch'],
    ['of another trust domain', foreign, 'identity.trust-domain'],
  ])('P-36: with a CSR for the identity %s gets its own or nothing', async (_, identity, reason) => {
    const { answer, record } = await recorded({ csr: p256Request(identity).csr });
    if (strict) expect(record).toMatchObject({ type: 'certificate.denied', reason });
    else expect(namesIn(answer)).toBe(`URI:${web}`);
    expect(answer.code).toBe(strict ? 16 : 0);
    expect(record).toMatchObject({ caller: { identity: web }, asked: { sans: [`uri:${identity}`] } });
  });

  it('P-36: by its certificate gets its own as well, whatever the CSR names', async () => {
    const answer = await asWeb({ csr: p256Request(bank).csr });
    if (strict) expect(answer.code).toBe(16);
    else expect(namesIn(answer)).toBe(`URI:${web}`);
    const own = await asWeb({ csr: p256Request().csr });
    expect(namesIn(own)).toBe(`URI:${web}`);
  });

  it.each([
    ['of its own trust domain', 'a', bank],
    ['of a foreign trust domain', 'b', foreign],
    ['that is none', 'c', 'spiffe://cluster.local/ns/demo/../sa/bank'],
  ])('P-36: that asks to act for an identity %s is not given it', async (_, account, identity) => {
    const own = `spiffe://cluster.local/ns/demo/sa/${account}`;
    const metadata = { fields: { ImpersonatedIdentity: { stringValue: identity } } };
    const token = home.tokens.token('demo', account);
    const { answer, record } = await recorded({ csr: p256Request(own).csr, token, metadata });
    expect(answer).toMatchObject({
      code: 16,
      message: strict ? 'request authenticate failure' : 'request impersonation authentication failure',
    });
    expect(Object(record)).not.toHaveProperty('certificate');
    expect(record).toMatchObject({ reason: 'authn.impersonation', caller: { identity: own } });
  });

  it('P-31: with a key of the CA, of the root, of the log or of the TLS server is refused, and gets no certificate', async () => {
    const own = {
      ca: requestWith(home.intermediate.keyPem, 'ec:P-256'),
      root: requestWith(home.root.keyPem, 'ec:P-384'),
      log: requestWith(home.logKeyPem, 'ed25519'),
    };
    for (const [account, { csr }] of Object.entries(own)) {
      const { answer, record } = await recorded({ csr, token: home.tokens.token('thieves', account) });
      expect(answer.code).toBe(strict ? 16 : 3);
      expect(record).toMatchObject({ type: 'certificate.denied', reason: 'key.own' });
    }
  });

  it('P-31: with the key of our own TLS server is refused for that, before its signature is looked at', async () => {
    const spki = await servingSpki(running.server.istio.port, home.root.pem);
    // Nobody outside has its private key, so the signature is another key's.
    const csr = toPem('CERTIFICATE REQUEST', buildCsr({ spki, extensions: [san(uri(web))] }));
    const { answer, record } = await recorded({ csr, token: home.tokens.token('thieves', 'serving') });
    expect(answer.code).toBe(strict ? 16 : 3);
    expect(record).toMatchObject({ type: 'certificate.denied', reason: 'key.own' });
  });

  it('A-38: nothing in its log was issued outside policy', async () => {
    const { csr } = await newRequest('ec:P-384');
    for (const ttl of ['0', '-1', '900', strict ? '77760000' : '7776000'])
      expect(await running.ask({ csr, validity_duration: ttl })).toMatchObject({ code: 0 });
    const { findings, kinds } = replayed(running.records);
    expect(findings).toEqual([]);
    expect(kinds).toEqual({ workload: expect.any(Number), serving: 1 });
  });

  it('A-4, P-45: what was issued is decided again from the log and the policy files alone', async () => {
    for (const kind of ['ec:P-256', 'rsa:2048', 'ed25519'] as const) {
      const { csr } = await newRequest(kind);
      for (const ttl of ['0', '600', '86400', strict ? '77760000' : '7776000']) {
        expect(await running.ask({ csr, validity_duration: ttl })).toMatchObject({ code: 0 });
      }
    }
    const set = loadPolicySet([`${repository}/policies/istio.yaml`], Date.now());
    const around = surroundingsIn(running.records);
    const issued = running.records.filter(({ type, door }) => type === 'certificate.issued' && door === 'istio');
    expect(issued.length).toBeGreaterThan(12);
    for (const record of issued) {
      const { answer } = explain(questionIn(record, around), set);
      if (answer instanceof Refusal) throw answer;
      const { policySetId, policy, priority, identity, ttl, notBefore, notAfter, keyUsage } = answer;
      expect(record.decision).toMatchObject({ policySetId, policy, priority });
      expect(record.certificate).toMatchObject({
        ...factsOfDer(record),
        identity,
        ttl,
        notBefore: new Date(notBefore * 1000).toISOString(),
        notAfter: new Date(notAfter * 1000).toISOString(),
        ku: keyUsage,
      });
    }
  });
});

/** SubjectPublicKeyInfo of the certificate that a server shows. */
function servingSpki(port: number, ca: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ca, servername: 'localhost', ALPNProtocols: ['h2'] }, () => {
      const shown = socket.getPeerX509Certificate();
      socket.destroy();
      if (shown === undefined) reject(new Error('no certificate was shown'));
      else resolve(shown.publicKey.export({ type: 'spki', format: 'der' }));
    });
    socket.once('error', reject);
  });
}
