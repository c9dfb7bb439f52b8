import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { uuidSource } from '#audit/uuid.ts';
import { relayIssuer } from '#authority/relay-issuer.ts';
import { issueServingCertificate, type ServingParts } from '#authority/serving-certificate.ts';
import type { RelayedIssuer } from '#issuance/live-issuer.ts';
import { spkiOf } from '#keys/key-kind.ts';
import { asRefusal, Refusal } from '#refusal/refusal.ts';
import { makeServingKey } from '#server/serving-key.ts';
import { MemoryLog } from '#test/issuance/memory-log.ts';
import {
  type Answering,
  caShape,
  clientAuth,
  dns,
  extension,
  having,
  names,
  OutsideCa,
  plain,
  purposes,
  purposesOf,
  type Shape,
  san,
  serverAuth,
  shaped,
  signed,
  tbsOf,
  trail,
  uri,
} from '#test/issuance/outside/outside-ca.ts';
import { intermediateOf, root, SetClock } from '#test/issuance/rig.ts';
import { type TestAuthority, testAuthority, testKey } from '#test/support/software-ca.ts';
import { readCertificate } from '#x509/certificate.ts';
import { contextConstructed, contextPrimitive } from '#x509/der/tags.ts';
import { element, explicit, integer, sequence } from '#x509/der/writer.ts';
import { KeyStrength } from '#x509/keys/key-strength.ts';
import { encodeName } from '#x509/name.ts';
import { toPem } from '#x509/pem.ts';
import { authorityKeyId, caBasicConstraints, keyUsage, subjectKeyId } from '#x509/profile/extensions.ts';
import { subjectKeyIdentifier } from '#x509/profile/key-identifier.ts';

const issuedAt = Date.UTC(2026, 10, 20, 12) / 1000;
const window = { notBefore: issuedAt, notAfter: issuedAt + 30 * 86_400 };
const ca = intermediateOf('ec:P-256');
const ours = { dnsNames: ['istiod.istio-system.svc', 'ca.example.org'], ipAddresses: ['192.0.2.10', '2001:DB8::1'] };
const istiod = 'spiffe://cluster.local/ns/istio-system/sa/istiod-service-account';
const addresses = [Uint8Array.of(192, 0, 2, 10), Buffer.from('20010db8000000000000000000000001', 'hex')];
const all = [...ours.dnsNames.map(dns), ...addresses.map((octets) => element(contextPrimitive(7), octets))];

/** What an issuer makes that copies every name of a request and grants the usages that go with the purpose. */
const copied = (change: Parameters<typeof shaped>[1] = ({ shape }) => shape): Answering =>
  shaped(ca, (asked) => {
    const uses = asked.order.purpose === 'serving' ? [serverAuth] : [clientAuth, serverAuth];
    const each = asked.order.purpose === 'serving' ? all : [dns('istiod.istio-system.svc'), uri(istiod)];
    const shape = having(asked.shape, { [san]: names(true, ...each), [purposes]: purposesOf(...uses) });
    return change({ ...asked, shape });
  });

function relaying(answering: Answering, { named, roots = root.pem }: { named?: string; roots?: string } = {}) {
  const clock = new SetClock();
  const log = new MemoryLog(clock);
  const outside = new OutsideCa(ca, clock, answering, named);
  const from = named === undefined ? { roots: { pem: roots, place: 'roots' } } : {};
  let issuer = relayIssuer({ name: 'mesh', outside, ...from }, clock.now() / 1000);
  const told: string[] = [];
  const issue = (over: Partial<ServingParts> = {}) =>
    issueServingCertificate({
      profile: 'serving-v1',
      issuer: () => issuer,
      makeKey: () => makeServingKey('ec:P-256'),
      serials: () => randomBytes(20),
      log,
      clock,
      eventId: uuidSource(
        () => clock.now(),
        (length) => randomBytes(length),
      ),
      instance: { name: 'rig' },
      names: ours,
      lifetime: 3600,
      relay: {
        keyStrength: new KeyStrength(),
        take: async (successor: RelayedIssuer) => {
          told.push(`roots ${log.size}`);
          issuer = successor;
        },
        warn: (_, sentence) => told.push(sentence),
      },
      ...over,
    });
  return { issue, log, outside, told, live: () => issuer };
}

/** Our own certificate as it should be, by another CA than the rig's. */
const byAnother = (another: TestAuthority): Answering =>
  shaped(another, ({ csr, now }) =>
    having(caShape(csr, another, now, 3600), {
      [san]: names(true, ...all),
      [purposes]: purposesOf(serverAuth),
    }),
  );

/** A CA below the rig's root that permits URIs of one host alone. */
function constrainedCa(): TestAuthority {
  const key = testKey('ec:P-256');
  const above = readCertificate(root.certificate);
  const permitted = sequence(element(contextConstructed(0), sequence(uri('cluster.local'))));
  const shape: Shape = {
    version: explicit(0, integer(2)),
    serial: Uint8Array.of(0x17),
    issuer: above.subject,
    ...window,
    subject: encodeName({ commonName: 'Constrained' }),
    spki: spkiOf(key),
    extensions: {
      basicConstraints: caBasicConstraints(0),
      keyUsage: keyUsage('keyCertSign'),
      subjectKeyId: subjectKeyId(subjectKeyIdentifier(spkiOf(key))),
      authorityKeyId: authorityKeyId(above.subjectKeyId ?? new Uint8Array()),
      nameConstraints: extension('2.5.29.30', permitted, true),
    },
  };
  const certificate = signed(tbsOf(shape, root), root);
  return { key, keyPem: '', certificate, pem: toPem('CERTIFICATE', certificate) };
}

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'issued',
    (thrown: unknown) => asRefusal(thrown).code,
  );

describe('our own certificate from an outside issuer', () => {
  it('is asked for with exactly our names, as istio-csr marks its own, and fits its key', async () => {
    const { issue, outside, log } = relaying(copied());
    const { key, chain, notBefore, notAfter } = await issue();
    expect(outside.orders).toMatchObject([{ purpose: 'serving', label: 'istio-csr-serving', seconds: 3600 }]);
    const leaf = new X509Certificate(chain);
    expect(leaf.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(leaf.subjectAltName).toBe(
      'DNS:istiod.istio-system.svc, DNS:ca.example.org, IP Address:192.0.2.10, IP Address:2001:DB8:0:0:0:0:0:1',
    );
    expect(leaf.subject ?? '').toBe('');
    expect([new Date(notBefore * 1000), new Date(notAfter * 1000)]).toEqual([leaf.validFromDate, leaf.validToDate]);
    expect(chain.endsWith(ca.pem)).toBe(true);
    expect(log.records).toMatchObject([
      {
        type: 'certificate.issued',
        door: 'internal',
        outside: trail,
        certificate: {
          profile: 'serving-v1',
          eku: ['serverAuth'],
          sans: ['dns:istiod.istio-system.svc', 'dns:ca.example.org', 'ip:192.0.2.10', 'ip:2001:db8::1'],
        },
      },
    ]);
  });

  it('Istio 97: for istiod it is asked for as a workload’s, since istiod calls others with it', async () => {
    const { issue, outside } = relaying(copied());
    const pair = await issue({
      profile: 'control-plane-v1',
      names: { dnsNames: ['istiod.istio-system.svc'], ipAddresses: [], uris: [istiod] },
    });
    expect(outside.orders).toMatchObject([{ purpose: 'workload', label: istiod }]);
    expect(new X509Certificate(pair.chain).keyUsage?.toSorted()).toEqual([serverAuth, clientAuth]);
  });

  const wrong: readonly (readonly [name: string, answering: Answering])[] = [
    ['a name less', copied(({ shape }) => having(shape, { [san]: names(true, ...all.slice(1)) }))],
    ['a name more', copied(({ shape }) => having(shape, { [san]: names(true, ...all, dns('other.example.org')) }))],
    ['a longer life', copied(({ shape }) => ({ ...shape, notAfter: shape.notAfter + 3600 }))],
    ['no use for servers', copied(({ shape }) => having(shape, { [purposes]: purposesOf(clientAuth) }))],
    ['an issuer that nobody knows', plain(testAuthority({ commonName: 'Nobody' }))],
    ['another key', copied((asked) => ({ ...asked.shape, spki: asked.shape.issuer }))],
  ];

  it.each(wrong)('is not used when it comes with %s, and the log knows that it exists', async (_, answering) => {
    const { issue, log } = relaying(answering);
    await expect(issue()).rejects.toMatchObject({ code: 'profile.lint' });
    expect(log.records).toMatchObject([
      {
        type: 'certificate.failed',
        reason: 'profile.lint',
        outside: trail,
        certificate: { sha256: expect.any(String) },
      },
    ]);
  });

  it('comes with more and longer names than anybody reads, and the log takes what it can of the reason', async () => {
    const crowd = Array.from({ length: 90 }, (_, n) => dns(`${'x'.repeat(60)}.${'y'.repeat(60)}.${n}.example.org`));
    const { issue, log } = relaying(copied(({ shape }) => having(shape, { [san]: names(true, ...crowd) })));
    await expect(issue()).rejects.toMatchObject({ code: 'profile.lint' });
    expect(log.records).toMatchObject([{ message: expect.stringContaining('subjectAltName'), outside: trail }]);
  });

  it('is held to a level in its issuer’s key, as a workload’s is', async () => {
    const ed25519 = testAuthority({ commonName: 'Edwards', kind: 'ed25519', issuer: root, ...window });
    const relay = (level: string) => ({
      relay: { keyStrength: new KeyStrength(), level, take: async () => {}, warn: () => {} },
    });
    expect(await codeOf(relaying(byAnother(ed25519)).issue())).toBe('issued');
    await expect(relaying(byAnother(ed25519)).issue(relay('fips'))).rejects.toMatchObject({
      code: 'profile.lint',
      message: expect.stringContaining('not in profile fips'),
    });
  });

  it('that is refused outside is on the record with its trail, and one that nobody could ask for is not', async () => {
    const denied = relaying(() => Promise.reject(new Refusal('issuer.denied', 'no')));
    expect(await codeOf(denied.issue())).toBe('issuer.denied');
    expect(denied.log.records).toMatchObject([{ type: 'certificate.failed', reason: 'issuer.denied', outside: trail }]);

    const away = relaying(copied());
    away.outside.request = () => Promise.reject(new Refusal('issuer.unavailable', 'nobody there'));
    expect(await codeOf(away.issue())).toBe('issuer.unavailable');
    expect(away.log.size).toBe(0);
  });

  it('is not used before its record is durable', async () => {
    const { issue, log } = relaying(copied());
    log.refuse(new Refusal('log.unavailable', 'the log cannot be written'));
    expect(await codeOf(issue())).toBe('log.unavailable');
  });

  it('Istio 77: a CA that constrains URIs is told of, since ztunnel refuses every chain below it', async () => {
    const constrained = constrainedCa();
    const { issue, told } = relaying(byAnother(constrained));
    await issue();
    expect(told).toEqual([
      'CN=Constrained: it constrains URIs, and ztunnel (ambient) refuses every chain with such a CA',
    ]);
  });
});

describe('roots that an issuer names itself', () => {
  it('Istio 82, 84: are those of its word beside our own certificate, in use before the certificate is', async () => {
    const { issue, told, live } = relaying(copied(), { named: root.pem });
    expect([live().roots, live().trusted]).toEqual(['', []]);
    await issue();
    expect(live().roots).toBe(root.pem);
    expect(told).toEqual(['roots 1']);
    await issue();
    expect(told).toEqual(['roots 1']);
  });

  it('are followed when it comes to stand under another', async () => {
    const { issue, outside, live } = relaying(copied(), { named: root.pem });
    await issue();
    const second = testAuthority({ commonName: 'Second root', ...window });
    const below = testAuthority({ commonName: 'Second CA', issuer: second, ...window });
    const next = new OutsideCa(below, new SetClock(), byAnother(below), second.pem);
    outside.request = (order, signal) => next.request(order, signal);
    await issue();
    expect(live().roots).toBe(second.pem);
    expect(live().trusted).toHaveLength(1);
  });

  const noRoots: readonly (readonly [name: string, named: string])[] = [
    ['none', ' '],
    ['rubbish', 'rubbish'],
    ['a certificate that is no CA’s', 'leaf'],
    ['a CA that has ended', testAuthority({ commonName: 'Ended', notBefore: 1, notAfter: 2 }).pem],
  ];

  it.each(noRoots)('that are %s leave it unavailable, and nothing is changed', async (_, named) => {
    const { issue, told, live } = relaying(copied(), { named });
    expect(await codeOf(issue())).toBe('issuer.unavailable');
    expect([told, live().roots]).toEqual([[], '']);
  });

  it('that are not those of what it signs leave it unused', async () => {
    const { issue, told } = relaying(copied(), { named: testAuthority({ commonName: 'Other root', ...window }).pem });
    expect(await codeOf(issue())).toBe('profile.lint');
    expect(told).toEqual([]);
  });
});
