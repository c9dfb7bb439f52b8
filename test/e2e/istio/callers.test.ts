import { createHash, X509Certificate } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LeafWish } from '#test/doors/istio/pki.ts';
import { issue, makeRoot } from '#test/doors/istio/pki.ts';
import type { Agent, Ask } from '#test/support/agent.ts';
import { clientPair } from '#test/support/judges.ts';
import { p256Request } from '#test/support/requests.ts';
import { type TestAuthority, testAuthority } from '#test/support/software-ca.ts';
import { TokenIssuer } from '#test/support/token-issuer.ts';
import { type Dialect, dialects, type Identity, identityOf, Mesh } from './mesh.ts';

const unproven = { code: 16, message: 'request authenticate failure', chain: [] };
const sanOf = (chain: readonly string[]) => new X509Certificate(chain[0] ?? '').subjectAltName;
const issuedFor = (account: string) => ({ type: 'certificate.issued', certificate: { sans: [identityOf(account)] } });

describe.each(dialects)('callers by certificate, in the dialect of %s', (dialect) => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await Mesh.start({ dialect });
  });
  afterAll(() => mesh[Symbol.asyncDispose]());

  it('Istio 42: an agent renews its own SVID by it, again and again, and each time with a new key', async () => {
    let own: Identity = await mesh.svid();
    const seen = new Set([own.chain]);
    for (let round = 0; round < 5; round++) {
      const { csr, keyPem } = p256Request();
      const { answer, from } = await mesh.ask({ csr }, own);
      expect(answer).toMatchObject({ code: 0 });
      expect(sanOf(answer.chain)).toBe(`URI:${identityOf('web')}`);
      const shown = createHash('sha256').update(new X509Certificate(own.chain).raw).digest('hex');
      expect(mesh.ends(from)).toMatchObject([
        {
          ...issuedFor('web'),
          caller: {
            identity: identityOf('web'),
            authenticator: 'client-cert',
            credential: { certificateSha256: shown },
          },
        },
      ]);
      own = { chain: answer.chain.slice(0, -1).join(''), key: keyPem };
      seen.add(own.chain);
    }
    expect(seen.size).toBe(6);
  });

  it('Istio 42, 65, 66: nobody renews somebody else by it', async () => {
    const own = await mesh.svid();
    const { answer, from } = await mesh.ask({ csr: p256Request(identityOf('bank')).csr }, own);
    if (dialect === 'istio-csr') {
      expect(answer).toEqual(unproven);
      expect(mesh.ends(from)).toMatchObject([{ type: 'certificate.denied', reason: 'identity.mismatch' }]);
    } else {
      expect(sanOf(answer.chain)).toBe(`URI:${identityOf('web')}`);
    }
  });

  it('Istio 44: of a certificate with URI and DNS name only the URI is issued', async () => {
    const both = await clientPair(mesh.home.intermediate, { uris: [identityOf('both')], dns: ['both.demo.svc'] });
    const { answer, from } = await mesh.ask({ csr: p256Request(identityOf('both')).csr }, both);
    expect(answer).toMatchObject({ code: 0 });
    expect(sanOf(answer.chain)).toBe(`URI:${identityOf('both')}`);
    expect(mesh.ends(from)).toMatchObject([issuedFor('both')]);
  });

  it("Istio 45: beside a token, good or bad, the certificate's identity decides", async () => {
    const own = await mesh.svid('front');
    for (const token of [mesh.token('web'), 'a.b.c']) {
      const { answer, from } = await mesh.ask({ csr: p256Request(identityOf('front')).csr, token }, own);
      expect(sanOf(answer.chain)).toBe(`URI:${identityOf('front')}`);
      expect(mesh.ends(from)).toMatchObject([{ ...issuedFor('front'), caller: { authenticator: 'client-cert' } }]);
    }
  });

  it('Istio 20, 21: without one, a token is served beside those with one', async () => {
    const own = await mesh.svid('front');
    const [without, withOne] = await Promise.all([
      mesh.ask({ csr: p256Request().csr, token: mesh.token() }),
      mesh.ask({ csr: p256Request(identityOf('front')).csr }, own),
    ]);
    expect(sanOf(without.answer.chain)).toBe(`URI:${identityOf('web')}`);
    expect(sanOf(withOne.answer.chain)).toBe(`URI:${identityOf('front')}`);
  });
});

const hour = 3_600_000;
const ago = (hours: number) => new Date(Date.now() - hours * hour);
const web = identityOf('web');

/** `why`: what the server says of it to its own log. */
const refused: readonly { readonly what: string; readonly wish: LeafWish; readonly why: RegExp }[] = [
  { what: 'has no URI SAN', wish: { dns: ['web.demo'] }, why: /0 URI SANs/ },
  { what: 'has two URI SANs', wish: { uris: [web, identityOf('db')] }, why: /2 URI SANs/ },
  { what: 'has its URI twice', wish: { uris: [web, web] }, why: /2 URI SANs/ },
  {
    what: 'is of another trust domain',
    wish: { uris: ['spiffe://other.local/ns/demo/sa/web'] },
    why: /trust domain cluster\.local/,
  },
  { what: 'has a URI that is no SPIFFE ID', wish: { uris: ['https://cluster.local/web'] }, why: /client certificate/ },
  { what: 'is expired', wish: { uris: [web], notBefore: ago(2), notAfter: ago(1) }, why: /CERT_HAS_EXPIRED/ },
  { what: 'is not valid yet', wish: { uris: [web], notBefore: ago(-1), notAfter: ago(-2) }, why: /NOT_YET_VALID/ },
  { what: 'is a CA', wish: { uris: [web], ca: true }, why: /INVALID_PURPOSE|is a CA/ },
];

describe('a client certificate that proves nothing', () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await Mesh.start();
  });
  afterAll(() => mesh[Symbol.asyncDispose]());

  /** A refused certificate ends the connection before a call can be served, even with a good token. */
  async function expectNoService(identity: Identity, why: RegExp): Promise<void> {
    const from = mesh.newAddress();
    const heard = mesh.server.stderr.length;
    const ask: Ask = { csr: p256Request().csr, token: mesh.token() };
    const code = await mesh.connect(from, identity).then(
      async (agent: Agent) => (await agent.call(ask)).code,
      () => 14,
    );
    expect(code).toBe(14);
    expect(mesh.ends(from)).toEqual([]);
    // whoever stands aside is served, and the log line has been written by then
    expect((await mesh.ask(ask)).answer.code).toBe(0);
    const line = mesh.server.stderr
      .slice(heard)
      .split('\n')
      .find((each) => each.includes('connection refused'));
    expect(line).toMatch(why);
    expect(JSON.parse(line ?? '')).toMatchObject({ level: 'warn', door: 'istio', peer: from });
  }

  it.each(refused)('Istio 22: one that $what ends its connection, and the log says why', async ({ wish, why }) => {
    await expectNoService(await clientPair(mesh.home.intermediate, wish), why);
  });

  it('Istio 22: so does one of a stranger whose CA has our name', async () => {
    const stranger = testAuthority({ commonName: 'Test root', kind: 'ec:P-256' });
    const below: TestAuthority = testAuthority({ commonName: 'Test mesh CA', issuer: stranger });
    await expectNoService(await clientPair(below, { uris: [web] }), /does not verify/);
    const other = await issue(await makeRoot('Test mesh CA'), 'web', { uris: [web] });
    await expectNoService({ chain: other.pem, key: other.keyPem }, /does not verify/);
  });

  it('a handshake that fails is a line with the address that it came from', async () => {
    const from = mesh.newAddress();
    const socket = connect({ port: mesh.server.istio.port, host: '127.0.0.1', localAddress: from });
    socket.on('error', () => {});
    socket.write('this is no TLS at all, and long enough to be seen as that');
    const line = await mesh.server.said(new RegExp(`connection refused.*${from.replaceAll('.', '\\.')}`));
    expect(JSON.parse(line)).toMatchObject({ level: 'warn', code: 'handshake', peer: from });
    socket.destroy();
  });

  it('Istio 22: they are counted', async () => {
    const { body } = await mesh.server.get('/metrics');
    const line =
      body.split('\n').find((each) => /^countersign_door_rejections_total.*client-certificate/.test(each)) ?? '';
    expect(Number(line.split(' ').at(-1))).toBe(refused.length + 2);
  });
});

/** An authorization header as it is, in the place of a token. */
const headers: readonly (readonly [string, (token: string) => string | readonly string[], served: boolean])[] = [
  ['Bearer and a token', (token) => `Bearer ${token}`, true],
  ['bearer in small letters', (token) => `bearer ${token}`, false],
  ['Bearer without a space', (token) => `Bearer${token}`, false],
  ['Istio', (token) => `Istio ${token}`, false],
  ['Basic', (token) => `Basic ${token}`, false],
  ['Bearer alone', () => 'Bearer ', false],
  ['the bare token', (token) => token, false],
];

const seconds = () => Math.floor(Date.now() / 1000);
const b64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Tokens that are no proof; `why`: what the record says. */
const forged: readonly { readonly what: string; readonly token: (mesh: Mesh) => string; readonly why: RegExp }[] = [
  { what: 'another issuer', token: (mesh) => mesh.token('web', { iss: 'https://elsewhere' }), why: /iss/ },
  { what: 'another audience', token: (mesh) => mesh.token('web', { aud: ['other'] }), why: /aud/ },
  { what: 'no audience', token: (mesh) => mesh.token('web', { aud: undefined }), why: /aud/ },
  { what: 'an end that has passed', token: (mesh) => mesh.token('web', { exp: seconds() - 60 }), why: /exp/ },
  { what: 'no end', token: (mesh) => mesh.token('web', { exp: undefined }), why: /exp/ },
  { what: 'a birth in the future', token: (mesh) => mesh.token('web', { iat: seconds() + 600 }), why: /iat/ },
  {
    what: 'a sub of three parts',
    token: (mesh) => mesh.token('web', { sub: 'system:serviceaccount:demo' }),
    why: /sub/,
  },
  { what: 'a sub of one part', token: (mesh) => mesh.token('web', { sub: 'web' }), why: /sub/ },
  { what: 'an empty account', token: (mesh) => mesh.token('web', { sub: 'system:serviceaccount:demo:' }), why: /sub/ },
  { what: 'a sub of one figure', token: (mesh) => mesh.token('web', { sub: '7' }), why: /sub/ },
  {
    what: "another's signature",
    token: () => new TokenIssuer().token('demo', 'web'),
    why: /signature/,
  },
  {
    what: 'its signature cut off',
    token: (mesh) => `${mesh.token().split('.').slice(0, 2).join('.')}.`,
    why: /signature|base64url|three parts/,
  },
  {
    what: 'alg none',
    token: (mesh) => `${b64({ alg: 'none', typ: 'JWT' })}.${mesh.token().split('.')[1]}.`,
    why: /alg|three parts/,
  },
  {
    what: 'a key id that is not published',
    token: (mesh) => new TokenIssuer({ issuer: mesh.home.tokens.issuer, kid: 'k2' }).token('demo', 'web'),
    why: /no key for/,
  },
];

describe.each(dialects)('callers by token, in the dialect of %s', (dialect: Dialect) => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await Mesh.start({ dialect });
  });
  afterAll(() => mesh[Symbol.asyncDispose]());

  it.each(headers)('Istio 26, 28: "%s" is no proof, but for the first', async (_, value, served) => {
    const { answer, from } = await mesh.ask({
      csr: p256Request().csr,
      headers: { authorization: value(mesh.token()) },
    });
    if (served) expect(answer).toMatchObject({ code: 0 });
    else expect(answer).toEqual(unproven);
    const [end] = mesh.ends(from);
    expect(end).toMatchObject(served ? issuedFor('web') : { type: 'certificate.denied', reason: 'authn.failed' });
  });

  it.each(forged)('Istio 46, 36: a token with $what is none, and only the record says why', async ({ token, why }) => {
    const { answer, from } = await mesh.ask({ csr: p256Request().csr, token: token(mesh) });
    expect(answer).toEqual(unproven);
    const ends = mesh.ends(from);
    expect(ends).toMatchObject([{ type: 'certificate.denied', reason: 'authn.failed' }]);
    expect(ends[0]?.message).toMatch(why);
  });

  it('Istio 46: and after all of them the server answers the next good one', async () => {
    expect((await mesh.ask({ csr: p256Request().csr, token: mesh.token() })).answer.code).toBe(0);
  });
});

describe('where certificates are no configured way', () => {
  it('Istio 43: one alone is no proof, and beside it a token is', async () => {
    const jwks = { file: 'jwks.json' };
    const oidc = { issuer: 'https://tokens.test', audiences: ['istio-ca'], jwks };
    await using mesh = await Mesh.start({ config: { authenticators: [{ oidc }] } });
    const own = await mesh.svid('front');
    const { answer, from } = await mesh.ask({ csr: p256Request().csr }, own);
    expect(answer).toEqual(unproven);
    expect(mesh.ends(from)).toMatchObject([{ reason: 'authn.failed', message: 'oidc: nothing presented' }]);
    const both = await mesh.ask({ csr: p256Request().csr, token: mesh.token() }, own);
    expect(sanOf(both.answer.chain)).toBe(`URI:${identityOf('web')}`);
  });
});
