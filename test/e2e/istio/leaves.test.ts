import 'reflect-metadata'; // what @peculiar/x509 asks of its users
import { X509Certificate } from 'node:crypto';
import { X509Certificate as Elsewhere, SubjectAlternativeNameExtension } from '@peculiar/x509';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Answer } from '#test/support/agent.ts';
import { derOf } from '#test/support/judges.ts';
import { countEnds } from '#test/support/records.ts';
import { p256Request, web } from '#test/support/requests.ts';
import { testAuthority } from '#test/support/software-ca.ts';
import { readCertificate } from '#x509/certificate.ts';
import { named, namedCsr } from './csrs.ts';
import { identityOf, Mesh } from './mesh.ts';
import { describeEveryWay } from './ways.ts';

const leafOf = ({ chain }: Answer) => readCertificate(derOf(chain[0] ?? ''));
const day = 86_400;
const backdate = 120;
const longest = 90 * day;

/** What a lifetime in seconds becomes under policies/istio.yaml: at least five minutes, by default a day. */
const lifetimes: readonly (readonly [asked: string, granted: number])[] = [
  ['-9223372036854775808', day],
  ['-9223372036854775807', day],
  ['-9223372037', day],
  ['-9223372036', day],
  ['-4294967296', day],
  ['-2147483648', day],
  ['-1', day],
  ['0', day],
  ['1', 300],
  ['299', 300],
  ['300', 300],
  ['301', 301],
  ['3600', 3600],
  ['86399', day - 1],
  ['86400', day],
  ['86401', day + 1],
  ['2592000', 30 * day],
  ['7775999', longest - 1],
  ['7776000', longest],
];
/** Past ninety days, and past what the clocks and numbers of other programs hold. */
const tooLong = [
  '7776001',
  '31536000',
  '2147483647',
  '2147483648',
  '4294967295',
  '4294967296',
  '9223372036',
  '9223372037',
  '18446744074',
  '253402300800',
  '9007199254740991',
  '9007199254740993',
  '9223372036854775806',
  '9223372036854775807',
];

/** CAs that live long enough for the longest lifetime to be seen. */
function longLived(home: Mesh['home']): void {
  const notAfter = Math.floor(Date.now() / 1000) + 400 * day;
  const root = testAuthority({ commonName: 'Old root', kind: 'ec:P-384', notAfter });
  const issuer = testAuthority({ commonName: 'Old CA', issuer: root, trustDomain: 'cluster.local', notAfter });
  home.write('roots.pem', root.pem);
  home.write('issuers/mesh.pem', issuer.pem);
  home.write('issuers/mesh.key', issuer.keyPem, 0o600);
}

describeEveryWay('a lifetime', ({ dialect, proof }) => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await Mesh.start({ dialect, proof }, longLived);
  });
  afterAll(() => mesh[Symbol.asyncDispose]());

  async function ask(validity_duration: string) {
    const before = Math.floor(Date.now() / 1000);
    const { answer, from } = await mesh.ask({ csr: p256Request().csr, token: mesh.token(), validity_duration });
    return { answer, before, after: Math.floor(Date.now() / 1000), ends: mesh.ends(from) };
  }

  function expectLifetime({ answer, before, after, ends }: Awaited<ReturnType<typeof ask>>, granted: number): void {
    expect(answer).toMatchObject({ code: 0, message: '' });
    const { notBefore, notAfter } = leafOf(answer);
    expect(notAfter - notBefore).toBe(granted + backdate - 1);
    expect(notBefore).toBeGreaterThanOrEqual(before - backdate);
    expect(notBefore).toBeLessThanOrEqual(after - backdate);
    expect(ends).toMatchObject([{ type: 'certificate.issued', certificate: { ttl: granted } }]);
  }

  it.each(lifetimes)('Istio 73, 75, 76: of %s s is one of %i s', async (asked, granted) => {
    expectLifetime(await ask(asked), granted);
  });

  it.each(tooLong)('Istio 74, 75: of %s s is refused by istiod and cut by istio-csr', async (asked) => {
    const asking = await ask(asked);
    if (dialect === 'istio-csr') {
      expectLifetime(asking, longest);
      return;
    }
    const sentence = `requested TTL ${asked}s is greater than the max allowed TTL 90d`;
    expect(asking.answer).toEqual({ code: 3, message: `CSR signing error (${sentence})`, chain: [] });
    // refusals that are alike are one record and a count; the first of them stands whole
    if (asked === tooLong[0]) expect(asking.ends).toMatchObject([{ reason: 'ttl.too-long', message: sentence }]);
  });
});

describe.each([
  { what: 'the issuer', issuerLeft: 2 * 3600, rootLeft: 30 * day },
  { what: 'the root', issuerLeft: 30 * day, rootLeft: 2 * 3600 },
])('when $what ends first of the chain', ({ issuerLeft, rootLeft }) => {
  it('Istio 72: a certificate ends with it, and never later', async () => {
    const now = Math.floor(Date.now() / 1000);
    await using mesh = await Mesh.start({}, (home) => {
      const root = testAuthority({ commonName: 'Root', kind: 'ec:P-384', notAfter: now + rootLeft });
      const below = { issuer: root, trustDomain: 'cluster.local', notAfter: now + issuerLeft };
      const issuer = testAuthority({ commonName: 'CA', ...below });
      home.write('roots.pem', root.pem);
      home.write('issuers/mesh.pem', issuer.pem);
      home.write('issuers/mesh.key', issuer.keyPem, 0o600);
    });
    const { answer, from } = await mesh.ask({
      csr: p256Request().csr,
      token: mesh.token(),
      validity_duration: String(day),
    });
    const ends = answer.chain.map((pem) => Date.parse(new X509Certificate(pem).validTo) / 1000);
    expect(ends).toHaveLength(3);
    expect(ends[0]).toBe(now + 2 * 3600);
    expect(Math.min(...ends)).toBe(ends[0]);
    expect(mesh.ends(from)).toMatchObject([{ type: 'certificate.issued', decision: { clamped: { from: day } } }]);
  });
});

describeEveryWay('what a CSR says beside its key,', ({ dialect, proof }) => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await Mesh.start({ dialect, proof });
  });
  afterAll(() => mesh[Symbol.asyncDispose]());

  const refused = named.filter(({ reason }) => dialect === 'istio-csr' && reason !== undefined);
  const issued = named.filter((each) => !refused.includes(each));

  it.each(refused)('Istio 65: $what is refused', async ({ parts }) => {
    const { answer } = await mesh.ask({ csr: namedCsr(parts), token: mesh.token() });
    expect(answer).toEqual({ code: 16, message: 'request authenticate failure', chain: [] });
  });

  it.each(issued)('Istio 61, 62, 66, 67, 68: $what gives one critical name, the proven one', async ({ parts }) => {
    const { answer, from } = await mesh.ask({ csr: namedCsr(parts), token: mesh.token() });
    expect(answer).toMatchObject({ code: 0 });
    const leaf = leafOf(answer);
    expect({ uris: leaf.uris, isCa: leaf.isCa }).toEqual({ uris: [web], isCa: false });
    expect(new X509Certificate(answer.chain[0] ?? '').subjectAltName).toBe(`URI:${web}`);
    const elsewhere = new Elsewhere(answer.chain[0] ?? '');
    const names = elsewhere.getExtensions(SubjectAlternativeNameExtension);
    expect([elsewhere.subject, ...names.map(({ critical }) => critical)]).toEqual(['', true]);
    expect(mesh.ends(from)).toMatchObject([{ type: 'certificate.issued', certificate: { sans: [web] } }]);
  });

  it('Istio 65, 36: each is refused for its own reason, told to nobody but the log', async () => {
    await mesh.server.stop();
    const counted: Record<string, number> = { 'certificate.issued': issued.length };
    for (const { reason } of refused)
      counted[`certificate.denied ${reason}`] = 1 + (counted[`certificate.denied ${reason}`] ?? 0);
    expect(countEnds(mesh.all())).toEqual(counted);
  });
});

describe('the serial of a leaf', () => {
  it("Istio 70, P-4: is 20 octets, positive, and random but for the first, which is the instance's", async () => {
    await using mesh = await Mesh.start();
    using agent = await mesh.connect();
    const { csr } = p256Request(identityOf('web'));
    const token = mesh.token();
    const serials: string[] = [];
    for (let round = 0; round < 8; round++) {
      const answers = await Promise.all(Array.from({ length: 64 }, () => agent.call({ csr, token })));
      serials.push(...answers.map((answer) => leafOf(answer).serialText));
    }
    expect(new Set(serials).size).toBe(512);
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9a-f]{39}$/);
    expect(new Set(serials.map((serial) => serial.slice(0, 2))).size).toBe(1);
    // each bit is 1 in 256 of 512, give or take 8.5 σ, which chance misses once in 10^14 runs
    for (let bit = 8; bit < 160; bit++) {
      const ones = serials.filter((serial) => (BigInt(`0x${serial}`) >> BigInt(159 - bit)) & 1n).length;
      expect(Math.abs(ones - 256), `bit ${bit}`).toBeLessThan(96);
    }
  });
});
