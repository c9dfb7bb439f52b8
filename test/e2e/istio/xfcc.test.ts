import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { p256Request } from '#test/support/requests.ts';
import { dialects, identityOf, Mesh } from './mesh.ts';

const web = identityOf('web');
const hash = 'cd'.repeat(32);
const forwarded = `By=spiffe://cluster.local/ns/istio-system/sa/gateway;Hash=${hash};Subject="";URI=${web}`;
const unproven = { code: 16, message: 'request authenticate failure', chain: [] };

describe.each(dialects)('a proxy in front, in the dialect of %s', (dialect) => {
  let mesh: Mesh;
  beforeAll(async () => {
    const authenticators = [{ xfcc: { trustedProxies: ['127.8.0.0/24'] } }, { clientCertificate: {} }];
    mesh = await Mesh.start({ dialect, config: { authenticators } });
  });
  afterAll(() => mesh[Symbol.asyncDispose]());

  const ask = async (from: string, values: readonly string[]) => {
    using agent = await mesh.connect(from);
    const headers = { 'x-forwarded-client-cert': values };
    return await agent.call({ csr: p256Request(web).csr, headers });
  };

  it('tells of the certificate that it has seen, and its holder gets that identity', async () => {
    const { code, chain } = await ask('127.8.0.7', [forwarded]);
    expect(code).toBe(0);
    expect(new X509Certificate(chain[0] ?? '').subjectAltName).toBe(`URI:${web}`);
    expect(mesh.ends('127.8.0.7')).toMatchObject([
      { caller: { authenticator: 'xfcc', identity: web, credential: { certificateSha256: hash } } },
    ]);
  });

  it.each(['127.0.0.1', '127.8.1.1'])('Istio 47: is not believed from %s, which is not listed', async (from) => {
    expect(await ask(from, [forwarded])).toEqual(unproven);
    expect(mesh.ends(from)).toMatchObject([{ reason: 'authn.failed', message: expect.stringContaining('xfcc: ') }]);
  });

  it.each([
    ['two names', [`${forwarded};URI=${identityOf('bank')}`]],
    ['a foreign trust domain', ['URI=spiffe://other.example/ns/demo/sa/web']],
    ['no name in the last element', [`${forwarded},Hash=${hash}`]],
    ['the header twice', [forwarded, forwarded]],
    ['what is no such header', ['web']],
    ['nothing', ['']],
  ])('Istio 47: is not believed with %s', async (_, values) => {
    expect(await ask('127.8.0.8', values)).toEqual(unproven);
  });
});

describe('without a list of proxies', () => {
  it('Istio 47: the header means nothing, wherever it comes from', async () => {
    await using mesh = await Mesh.start();
    using agent = await mesh.connect();
    const headers = { 'x-forwarded-client-cert': forwarded };
    expect(await agent.call({ csr: p256Request(web).csr, headers })).toEqual(unproven);
  });
});
