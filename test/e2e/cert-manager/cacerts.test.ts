import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { planCeremony } from '#ceremony/plan.ts';
import { typedIn, yamlIn } from '#test/e2e/istio-csr/document.ts';
import { describeWith } from '#test/oracles.ts';
import { at, listAt } from '#test/support/control-plane/client.ts';
import { repository } from '#test/support/home.ts';
import { endsIn } from '#test/support/records.ts';
import { testAuthority } from '#test/support/software-ca.ts';
import { readPemBlocks } from '#x509/pem.ts';
import type { Files } from './istiod.ts';
import { ceremony, certificate, IstiodSite, issuer, judges, part } from './istiod-site.ts';
import { certificatesIn } from './reading.ts';

const starting = { timeout: 120_000 };
const soon = { timeout: 30_000, interval: 50 };
const multiRoot = { ISTIO_MULTIROOT_MESH: 'true' };

/** What the document makes of a Secret that cert-manager has written. */
const underOwnNames = (secret: Files): Files => ({
  'ca-cert.pem': secret['tls.crt'] ?? '',
  'ca-key.pem': secret['tls.key'] ?? '',
  'cert-chain.pem': secret['tls.crt'] ?? '',
  'root-cert.pem': secret['ca.crt'] ?? '',
});
const layouts = [(secret: Files) => secret, underOwnNames];

const without = (files: Files, unwanted: string): Files =>
  Object.fromEntries(Object.entries(files).filter(([name]) => name !== unwanted));
const firstOf = (chain = '') => String(certificatesIn(chain)[0]);

it('the file of the ceremony, as the document has it, allows a CA below the intermediate', () => {
  const shipped: unknown = parse(readFileSync(join(repository, 'hsm/root-ceremony.yaml'), 'utf8'));
  const [ours, said] = [shipped, parse(ceremony)].map((each) => Object(at(each, 'intermediates', 0)));
  const text = stringify({ ...Object(shipped), intermediates: [{ ...ours, ...said }] });
  const { intermediates } = planCeremony(text, 'ceremony.yaml', { home: '/home', now: Date.now() });
  expect(intermediates).toMatchObject([{ label: 'upper', pathLength: 1 }]);
});

describeWith(judges, "istiod's cacerts, done as it is written", (path) => {
  let place: IstiodSite;
  beforeAll(async () => {
    place = await IstiodSite.start(path);
  }, starting.timeout);
  afterAll(() => place?.[Symbol.asyncDispose]());

  it('K-68: layout (b) is what cert-manager writes for the Certificate', async () => {
    await place.clear();
    await place.apply(certificate);
    await place.certificates.settled(['cacerts']);
    const { site } = place;
    const secret = await site.secret('cacerts');
    expect(Object.keys(secret).toSorted()).toEqual(['ca.crt', 'tls.crt', 'tls.key']);
    const [stand] = await place.istiod([secret]);
    place.expectSigns(stand, secret);
    expect(stand?.chain.at(-1)).toBe(site.upperRoot + site.home.root.pem);
    const record = { type: 'certificate.issued', door: 'cert-manager', decision: { policy: 'istiod-ca' } };
    expect(endsIn(site.running.records).at(-1)).toMatchObject(record);
  });

  it('K-68: layout (a) is made of it by what is typed, after a renewal too', async () => {
    await place.clear();
    const text = part("Under Istio's own names");
    expect(text).toContain('`secretName: istiod-ca`');
    const [template = ''] = yamlIn(text);
    place.reader.write('cacerts.yaml', template);
    const typed = async () => {
      for (const line of typedIn(text)) await place.reader.type(line);
      return place.site.secret('cacerts');
    };
    const before = await place.make('istiod-ca');
    const first = await typed();
    expect(first).toEqual(underOwnNames(before));
    const after = await place.renew('istiod-ca');
    const second = await typed();
    expect(second).toEqual(underOwnNames(after));
    const stands = await place.istiod([first, second]);
    place.expectSigns(stands[0], before);
    place.expectSigns(stands[1], after);
  });

  it('K-68, Istio 100: with a CRL of every CA, by what is typed, it loads, and OpenSSL checks all of them', async () => {
    await place.clear();
    const text = part('With CRLs');
    const [, settings = ''] = /```ini\n(.*?)```/s.exec(text) ?? [];
    place.reader.write('istiod-crl.cnf', settings);
    const { host, port } = place.site.running.server.revocation ?? {};
    const url = `http://${host}:${port}`;
    await vi.waitFor(async () => expect((await fetch(`${url}/crl/bundle.pem`)).status).toBe(200), soon);
    const mine = (line: string) =>
      line.replace('http://pki.example', url).replace('get secret istiod-ca', 'get secret with-crls');
    const typed = async () => {
      for (const line of typedIn(text)) await place.reader.type(mine(line));
      return place.site.secret('cacerts');
    };
    const before = await place.make('with-crls');
    const { 'ca-crl.pem': crls = '', ...first } = await typed();
    expect(first).toEqual(underOwnNames(before));
    // of istiod's own CA, and of both chains of the server
    expect(readPemBlocks(crls, ['X509 CRL'], 9)).toHaveLength(5);
    await place.renew('with-crls');
    const second = await typed();

    const renewedAlone = { ...second, 'ca-crl.pem': crls };
    const partial = { ...first, 'ca-crl.pem': place.reader.read('bundle.pem') };
    const stands = await place.istiod([{ ...first, 'ca-crl.pem': crls }, renewedAlone, second]);
    const asTls = (files: Files) => ({ 'tls.crt': files['ca-cert.pem'] ?? '' });
    place.expectSigns(stands[0], asTls(first));
    place.expectKept(stands[1], /missing CRL/, asTls(first));
    place.expectSigns(stands[2], asTls(second));
    expect((await place.istiod([partial]))[0]?.refused).toMatch(/missing CRL/);

    const [leaf = '', ...above] = stands[2]?.chain.slice(0, -1) ?? [];
    for (const [name, content] of Object.entries({ leaf, above: above.join(''), root: place.site.upperRoot }))
      place.reader.write(name, content);
    const check = 'openssl verify -crl_check_all -CAfile root -untrusted above -CRLfile';
    expect(await place.reader.type(`${check} ca-crl.pem leaf`)).toBe('leaf: OK\n');
    await expect(place.reader.type(`${check} istiod-ca.crl leaf`)).rejects.toThrow(/unable to get certificate CRL/);
  });

  it.each([
    ['ec-p384', { algorithm: 'ECDSA', size: 384 }],
    ['rsa-2048', { algorithm: 'RSA', size: 2048 }],
    ['rsa-3072-pkcs8', { algorithm: 'RSA', size: 3072, encoding: 'PKCS8' }],
  ])('K-68: either layout loads with a key %s', async (name, privateKey) => {
    const secret = await place.make(name, { privateKey });
    for (const layout of layouts) {
      const [stand] = await place.istiod([layout(secret)]);
      place.expectSigns(stand, secret);
    }
  });

  it('K-68: a running istiod takes a renewal under the same roots, and before a broken one keeps what it has', async () => {
    const before = await place.make('renewed');
    const after = await place.renew('renewed');
    expect(after['tls.key']).not.toBe(before['tls.key']);
    for (const layout of layouts) {
      const broken = { ...after, 'tls.key': before['tls.key'] ?? '' };
      const [first, second, third] = await place.istiod([before, broken, after].map(layout));
      place.expectSigns(first, before);
      place.expectKept(second, /does not match the key/, before);
      place.expectSigns(third, after);
    }
  });

  describe('istiod does not start with', () => {
    let [good, other, leaf, client]: Files[] = [];
    beforeAll(async () => {
      [good, other, leaf, client] = await Promise.all([
        place.make('good'),
        place.make('other'),
        place.make('leaf', { isCA: false, usages: ['server auth'] }),
        place.make('client', { usages: ['cert sign', 'client auth'] }),
      ]);
    }, starting.timeout);
    const own = () => underOwnNames(good ?? {});

    it.each<[string, () => Files, RegExp]>([
      ['a Secret without ca.crt', () => without(good ?? {}, 'ca.crt'), /no \[ca\.crt\]/],
      ['one without the key', () => without(good ?? {}, 'tls.key'), /no \[tls\.key\]/],
      ['the key of another', () => ({ ...good, 'tls.key': other?.['tls.key'] ?? '' }), /does not match the key/],
      ['a chain that misses one', () => ({ ...good, 'tls.crt': firstOf(good?.['tls.crt']) }), /cannot verify/],
      ['roots of another chain', () => ({ ...good, 'ca.crt': place.site.home.root.pem }), /cannot verify/],
      ['a certificate of no CA', () => leaf ?? {}, /not authorized to sign/],
      ['a CA for clients alone', () => client ?? {}, /incompatible key usage/],
      ['its own names without the chain', () => without(own(), 'cert-chain.pem'), /no \[cert-chain\.pem\]/],
      ['its own names beside a tls.crt', () => ({ ...own(), 'tls.crt': '' }), /no \[tls\.key ca\.crt\]/],
      ['a CRL that is not of all CAs', () => ({ ...own(), 'ca-crl.pem': 'none' }), /missing CRL/],
    ])('K-68: %s', async (_, files, why) => {
      const [stand] = await place.istiod([files()]);
      expect(stand).toEqual({ refused: expect.stringMatching(why), chain: [] });
    });
  });

  it('what stood in the Secret stays there, and beside istio-generated ours may not be used', async () => {
    const [secrets, metadata] = ['/api/v1/namespaces/istio-system/secrets', { name: 'former' }];
    const data = { 'istio-generated': '' };
    await place.site.cluster.admin.create(secrets, { metadata, type: 'istio.io/ca-root', data });
    const secret = await place.make('former');
    expect(Object.keys(secret).toSorted()).toEqual(['ca.crt', 'istio-generated', 'tls.crt', 'tls.key']);
    const [usual] = await place.istiod([secret]);
    place.expectSigns(usual, secret);
    const [own] = await place.istiod([secret], { USE_CACERTS_FOR_SELF_SIGNED_CA: 'true' });
    expect(own?.refused).toMatch(/^istio-generated/);
  });

  it('K-26: the policy gives no constraints on URIs, and no other name', async () => {
    const nameConstraints = { permitted: { uriDomains: ['cluster.local'] } };
    expect(await place.refusalOf('constrained', { nameConstraints })).toMatch(/nameConstraints/);
    expect(await place.refusalOf('elsewhere', { commonName: 'other-ca' })).toMatch(/common name "other-ca"/);
  });

  it('an Issuer of CAs is not ready where the path length of its issuer is 0', async () => {
    const wanted = Object(parse(issuer));
    const metadata = { ...wanted.metadata, name: 'short' };
    await place.apply(stringify({ ...wanted, metadata, spec: { ...wanted.spec, issuer: 'mesh' } }));
    const object = '/apis/countersign.dev/v1alpha1/namespaces/istio-system/issuers/short';
    await vi.waitFor(async () => {
      const [ready] = listAt(await place.site.cluster.admin.get(object), 'status', 'conditions');
      expect(ready).toMatchObject({ status: 'False', message: expect.stringContaining('path length 0') });
    }, soon);
  });

  it('K-68: roots change in the steps of the document, with what each leaves in ca.crt', starting, async () => {
    const { site } = place;
    const [old, mesh] = [site.upperRoot, site.home.root.pem];
    const notAfter = Math.floor(Date.now() / 1000) + 730 * 86_400;
    const next = testAuthority({ commonName: 'Next upper root', notAfter });
    const upper = testAuthority({ commonName: 'Next upper CA', issuer: next, pathLength: 1, notAfter });
    const steps = [await place.make('rotated')];
    const step = async (files: Files) => {
      for (const [name, content] of Object.entries(files)) site.home.write(name, content, 0o600);
      await site.running.server.reload();
      steps.push(await place.renew('rotated', steps.length + 1));
    };
    await step({ 'upper-roots.pem': old + next.pem });
    await step({ 'issuers/upper.pem': upper.pem, 'issuers/upper.key': upper.keyPem });
    await step({ 'upper-roots.pem': next.pem });
    await site.restart({ trustBundle: { overlap: '0s' } });
    await step({});
    const bundles = steps.map(({ 'ca.crt': roots = '' }) => roots);
    const both = next.pem + mesh + old;
    expect(bundles).toEqual([old + mesh, old + mesh + next.pem, both, both, next.pem + mesh]);

    const stands = await place.istiod(steps, multiRoot);
    for (const [n, secret] of steps.entries()) {
      const root = n < 2 ? old : next.pem;
      place.expectSigns(stands[n], secret, root);
      const [fresh] = await place.istiod([secret]);
      place.expectSigns(fresh, secret, root);
    }
    // a peer may be a step behind or ahead
    for (const [n, { chain }] of stands.entries())
      for (const roots of bundles.slice(Math.max(0, n - 1), n + 2))
        place.expectOpenssl({ name: `step ${n}`, chain: [...chain.slice(0, 3), roots] });

    const [first = {}, ...later] = steps;
    const [, ...dropped] = await place.istiod(steps);
    for (const stand of dropped) place.expectKept(stand, /ISTIO_MULTIROOT_MESH is off/, first);
    const [, leap] = await place.istiod([first, later.at(-1) ?? {}], multiRoot);
    place.expectKept(leap, /neither bundle is part of the other/, first);
  });
});
