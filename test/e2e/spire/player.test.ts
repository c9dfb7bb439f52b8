import { beforeAll, expect, it } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { at } from '#test/support/control-plane/client.ts';
import { createNamespace } from '#test/support/control-plane/objects.ts';
import { type Answer, certify, csrOf, requestsIn, trustDomainLabel, writeStatus } from './played-issuer.ts';
import { playRig, type Rig } from './rig.ts';

const denied = { type: 'Denied', status: 'True', reason: 'Policy', message: 'not for you' };
const failed = { type: 'Ready', status: 'False', reason: 'Failed', message: 'no more' };
const pending = { type: 'Ready', status: 'False', reason: 'Pending', message: 'later' };
const issued = { type: 'Ready', status: 'True', reason: 'Issued' };

describeWith(['control-plane', 'set:cert-manager', 'go:spireupstream'], 'the player of SPIRE itself', (path) => {
  let rig: Rig;

  beforeAll(async () => {
    rig = await playRig(path('go:spireupstream'));
  });

  const good = async (request: unknown) => ({ certificate: await certify(rig.above, request), ca: rig.above.pem });

  it('asks as the plugin asks', async () => {
    const subject = { country: ['NL'], organization: ['Mesh', 'Tests'], commonName: 'SPIRE' };
    const order = rig.order({ subject, seconds: 72 * 3600 });
    const { request } = await rig.play(order, good);
    expect(at(request, 'metadata')).toMatchObject({
      generateName: 'spiffe-ca-',
      labels: { [trustDomainLabel]: order.trustDomain },
    });
    expect(at(request, 'spec')).toEqual({
      duration: '72h0m0s',
      isCA: true,
      issuerRef: order.issuer,
      request: expect.any(String),
      usages: ['cert sign', 'crl sign'],
    });
    const csr = csrOf(request);
    // Go puts two organizations into one RDN.
    expect(csr.subject).toMatch(/^C=NL, O=Mesh\+O=Tests, CN=SPIRE, 2\.5\.4\.5=\d{20,39}$/);
    expect(csr.extensions.map(({ type }) => type)).toEqual(['2.5.29.17']);
    expect(csr.extensions[0]).toMatchObject({
      critical: false,
      names: { items: [{ type: 'url', value: `spiffe://${order.trustDomain}` }] },
    });
  });

  it('asks for a day where server.conf names no time', async () => {
    const { request } = await rig.play(rig.order(), good);
    expect(at(request, 'spec', 'duration')).toBe('24h0m0s');
  });

  it.each([
    ['Denied', denied, 'the request was denied: Policy: not for you'],
    ['Failed', failed, 'the request failed: no more'],
  ])('notices that it is %s, also beside a good certificate, and deletes the request', async (_, end, error) => {
    const alone = await rig.play(rig.order(), () => ({ conditions: [end] }));
    const beside = await rig.play(rig.order(), async (request) => ({ ...(await good(request)), conditions: [end] }));
    for (const { outcome } of [alone, beside])
      expect(outcome).toMatchObject({ stage: 'wait', error, swept: [outcome.name] });
  });

  it('does not wait for Ready, and leaves a request that is not', async () => {
    const say = async (request: unknown) => ({ ...(await good(request)), conditions: [pending] });
    expect((await rig.play(rig.order(), say)).outcome).toMatchObject({ stage: 'done', swept: [], unswept: '' });
  });

  it('notices that nobody answers', async () => {
    const outcome = await rig.mint(rig.order({ polls: 3 }));
    expect(outcome).toMatchObject({ stage: 'wait', error: '3 looks found no end', polls: 3, swept: [] });
  });

  it('notices that its request is gone', async () => {
    const { outcome } = await rig.play(rig.order(), async (request) => {
      await rig.admin.delete(`${requestsIn(rig.namespace)}/${at(request, 'metadata', 'name')}`);
      return undefined;
    });
    expect(outcome).toMatchObject({ stage: 'wait', error: expect.stringContaining('404') });
  });

  it('notices that the documented role is one of another namespace', async () => {
    const namespace = await createNamespace(rig.admin, { prefix: 'elsewhere' });
    const forbidden = expect.stringContaining('403');
    const outcome = await rig.mint(rig.order({ namespace }));
    expect(outcome).toMatchObject({ stage: 'create', error: forbidden, unswept: forbidden });
  });

  it('notices that a trust domain is too long for a label', async () => {
    const trustDomain = `${'a'.repeat(56)}.example`;
    const outcome = await rig.mint(rig.order({ trustDomain }));
    expect(outcome).toMatchObject({ stage: 'create', error: expect.stringMatching(/422 .*no more than 63/) });
  });

  it('sweeps what is over of its trust domain, and nothing else', async () => {
    const order = rig.order({ polls: 1 });
    const requests = requestsIn(rig.namespace);
    const leave = async (conditions: NonNullable<Answer['conditions']>, trustDomain = order.trustDomain) => {
      const made = await rig.admin.create(requests, {
        apiVersion: 'cert-manager.io/v1',
        kind: 'CertificateRequest',
        metadata: { generateName: 'left-', labels: { [trustDomainLabel]: trustDomain } },
        spec: { request: 'YQ==', issuerRef: order.issuer },
      });
      const name = String(at(made, 'metadata', 'name'));
      await writeStatus(rig.admin, `${requests}/${name}`, { conditions });
      return name;
    };
    const over = [await leave([denied]), await leave([failed]), await leave([issued])];
    const left = [await leave([]), await leave([pending]), await leave([issued], 'foreign.example')];
    const { swept } = await rig.mint(order);
    expect(swept.toSorted()).toEqual(over.toSorted());
    for (const name of left) await rig.admin.get(`${requests}/${name}`);
  });
});
